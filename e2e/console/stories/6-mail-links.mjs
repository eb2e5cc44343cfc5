// What people do who get a mail: they follow its link, and are not operators of anything.

import assert from 'node:assert/strict'
import { join } from 'node:path'

import { PASSWORD } from '../lib/person.mjs'

const BEA = 'bea@example.com'

export default async function ({ page, server, step, me, screenshots }) {
  const shoot = async (name) => {
    if (!screenshots) return
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1440, 400]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}-${width}.png`) })
      }
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 1440, height: 900 })
  }
  // Without a mail server, mails stay in the outbox.
  const ask = async (what, body, token) => {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: token }) }
    const answer = await fetch(`${server.url}/api/collections/${what}`, {
      method: body ? 'POST' : 'GET',
      headers,
      body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    assert.ok(answer.ok, text)
    return text && JSON.parse(text)
  }
  let root
  const linkOf = async (kind) => {
    for (let tries = 0; tries < 100; tries += 1) {
      const { items } = await ask('_mails/records', undefined, root)
      const mail = items.find((mail) => mail.kind === kind)
      // The address is the settings'; the server listens where the test says.
      if (mail) return `${server.url}${/\/_\/#\/auth\/[\w./-]+/.exec(mail.text)[0]}`
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`no mail for ${kind}`)
  }

  await step('an account is made, and asks for both mails', async () => {
    await me.setUp()
    root = await page.evaluate(() => Object.values(localStorage).join(' ').match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)[0])
    await ask('users/records', { email: BEA, password: PASSWORD, passwordConfirm: PASSWORD })
    await ask('users/request-verification', { email: BEA })
    await ask('users/request-password-reset', { email: BEA })
  })

  await step('the link verifies the address', async () => {
    const link = await linkOf('verification')
    await page.evaluate(() => localStorage.clear())
    await page.goto('about:blank')
    await page.goto(link)
    await me.reads('Your address is verified')
    await shoot('mail-verified')
    const { items } = await ask('users/records', undefined, root)
    assert.equal(items[0].verified, true)
  })

  await step('what is wrong with a new password is said', async () => {
    const link = await linkOf('password-reset')
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByLabel('New password').fill('short')
    await page.getByLabel('The password again').fill('other')
    await me.press('Choose this password')
    await me.reads('The two passwords differ')
    await page.getByLabel('The password again').fill('short')
    await me.press('Choose this password')
    await me.reads('The length must be between 8 and 255')
    await shoot('mail-new-password')
  })

  await step('a good one is chosen, and signs in', async () => {
    await page.getByLabel('New password').fill('another horse')
    await page.getByLabel('The password again').fill('another horse')
    await me.press('Choose this password')
    await me.reads('Your password is changed')
    await shoot('mail-password-changed')
    await ask('users/auth-with-password', { identity: BEA, password: 'another horse' })
  })

  await step('another address is asked for, and confirmed with the password', async () => {
    const { token } = await ask('users/auth-with-password', { identity: BEA, password: 'another horse' })
    await ask('users/request-email-change', { newEmail: 'beatrice@example.com' }, token)
    await page.goto('about:blank')
    await page.goto(await linkOf('email-change'))
    await me.reads('From now on, beatrice@example.com is the address of your account.')
    await page.getByLabel('Password').fill('a wrong horse')
    await me.press('Use this address')
    await page.getByLabel('Password').and(page.locator('[aria-invalid=true]')).waitFor()
    await shoot('mail-new-address')
    await page.getByLabel('Password').fill('another horse')
    await me.press('Use this address')
    await me.reads('Your address is changed')
    await shoot('mail-address-changed')
    await ask('users/auth-with-password', { identity: 'beatrice@example.com', password: 'another horse' })
  })

  await step('the link works once', async () => {
    const link = await linkOf('password-reset')
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByLabel('New password').fill('a third horse')
    await page.getByLabel('The password again').fill('a third horse')
    await me.press('Choose this password')
    await me.reads('The link is not good any more')
    await shoot('mail-link-void')
    await page.goto('about:blank')
    await page.goto(await linkOf('verification'))
    await me.reads('The link is not good any more')
  })
}
