// The walk of docs/console.md, step by step. With --pictures DIR it makes the page's pictures: change both together.

import assert from 'node:assert/strict'
import { join } from 'node:path'

import { PASSWORD, program } from '../lib/person.mjs'
import { png } from '../lib/pictures.mjs'

export const onBothEngines = true

const POSTS = '/api/collections/posts/records'
const OWN = 'author = @request.auth.id'

export default async function ({ page, server, step, me, pictures }) {
  const form = page.getByRole('dialog')
  const closed = () => form.waitFor({ state: 'detached' })
  const rule = async (name, text) => {
    await page.getByRole('region', { name, exact: true }).getByRole('button', { name: 'Unlock' }).click()
    await page.getByRole('textbox', { name, exact: true }).fill(text)
  }
  const picture = async (name) => {
    if (!pictures) return
    await page.waitForTimeout(300)
    await page.evaluate(() => document.querySelector('.toasts')?.hidePopover())
    await page.screenshot({ path: join(pictures, `guide-${name}.png`) })
  }
  await page.setViewportSize({ width: 1100, height: 720 })

  await step('the first superuser', async () => {
    await me.setUp()
    await me.isAt('/_/')
  })

  await step('a collection with fields', async () => {
    await me.follow('Collections')
    await me.follow('New collection')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('posts')
    await me.addField('Text', 'title')
    await page.getByRole('switch', { name: 'required' }).last().check()
    await me.addField('Yes or no', 'published')
    await me.addField('File', 'picture')
    await me.addField('Relation', 'author')
    await page.getByLabel('Refers to').selectOption({ label: 'users' })
    await picture('fields')
    await me.press('Create')
    await me.isAt('/_/collections/posts')
  })

  await step('rules', async () => {
    await me.follow('Rules')
    await rule('List', `published = true || ${OWN}`)
    await rule('View', `published = true || ${OWN}`)
    await rule('Create', `@request.auth.id != "" && ${OWN}`)
    await rule('Update', OWN)
    await picture('rules')
    await me.save()
  })

  let eve
  await step('accounts', async () => {
    for (const [name, email] of [['Eve', 'eve@example.com'], ['Bob', 'bob@example.com']]) {
      await me.open('/_/collections/users')
      await me.press('New record')
      await form.getByLabel('email', { exact: true }).fill(email)
      await form.getByLabel('password', { exact: true }).fill(PASSWORD)
      await form.getByLabel('The password again').fill(PASSWORD)
      await form.getByLabel('name').fill(name)
      await me.press('Create')
      await closed()
      await me.reads(email)
    }
    eve = await program(server).as('users', 'eve@example.com')
  })

  await step('a record with a file', async () => {
    await me.open('/_/collections/posts')
    await me.press('New record')
    await form.getByLabel('title').fill('Sunset in Bergen')
    await form.getByRole('group', { name: 'picture', exact: true }).locator('input[type=file]').setInputFiles([
      { name: 'sunset.png', mimeType: 'image/png', buffer: png([90, 40, 110], [250, 170, 90]) },
    ])
    await me.press('Choose…')
    await page.getByPlaceholder('Find a record').fill('eve')
    await page.getByRole('button', { name: /^Eve/ }).last().click()
    await page.waitForFunction(() => document.querySelector('.file img')?.naturalWidth > 0)
    await picture('record')
    await me.press('Create')
    await closed()
    await page.getByRole('row', { name: /Sunset in Bergen/ }).waitFor()
  })

  let post
  const bob = await program(server).as('users', 'bob@example.com')
  await step('the API follows the rules', async () => {
    const seen = await eve.ask('GET', POSTS)
    assert.deepEqual([seen.status, seen.body.totalItems], [200, 1])
    post = seen.body.items[0]
    for (const other of [bob, program(server)]) {
      const hidden = await other.ask('GET', POSTS)
      assert.deepEqual([hidden.status, hidden.body.totalItems], [200, 0])
    }
    const { status } = await bob.ask('PATCH', `${POSTS}/${post.id}`, { published: true })
    assert.equal(status, 404)
  })

  await step('a role: editors view and update every post', async () => {
    await me.follow('Roles')
    await me.follow('New role')
    await page.getByRole('textbox', { name: 'Name' }).fill('editor')
    await page.getByRole('textbox', { name: 'Description' }).fill('Looks after all posts.')
    await me.press('Create')
    await page.waitForURL(/\/_\/roles\/[a-z0-9]{15}\/permissions$/)
    await page.getByRole('button', { name: /^Update · posts: / }).click()
    for (const action of ['List', 'View']) await form.getByRole('checkbox', { name: action }).check()
    await me.press('Save')
    await closed()
    await page.getByRole('button', { name: /^Update · posts: allow/ }).waitFor()
    await picture('role')
    await me.follow('Members')
    await me.press('Add a member')
    await form.getByPlaceholder('Find a record').fill('bob@')
    await form.getByRole('button', { name: /^bob@example.com/ }).click()
    await me.reads('bob@example.com has the role')
    await form.getByRole('button', { name: 'Close' }).last().click()
    await closed()
  })

  await step('why may Bob do this?', async () => {
    await me.follow('Roles')
    await me.follow('Check access')
    await page.getByLabel('With records of').selectOption({ label: 'posts' })
    await page.getByLabel('Who', { exact: true }).selectOption({ label: 'Account of users' })
    await page.getByText('Choose…', { exact: true }).first().click()
    await form.getByRole('button', { name: /^bob@example.com/ }).click()
    await page.getByLabel('Does what').selectOption({ label: 'Update' })
    await me.sees('heading', 'Allowed')
    await me.reads(/the role editor/)
    await picture('check')
  })

  await step('realtime: a subscriber sees what the console and the editor change', async () => {
    const stream = await fetch(`${server.url}/api/realtime`, { signal: AbortSignal.timeout(30_000) })
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const until = async (pattern) => {
      while (!pattern.test(text)) text += (await reader.read()).value
      return text.match(pattern)
    }
    const [, clientId] = await until(/"clientId":"([^"]+)"/)
    const guest = program(server)
    const { status } = await guest.ask('POST', '/api/realtime', { clientId, subscriptions: ['posts/*'] })
    assert.equal(status, 204)
    assert.equal((await bob.ask('PATCH', `${POSTS}/${post.id}`, { published: true })).status, 200)
    await until(/Sunset in Bergen/)
    await me.open('/_/collections/posts')
    await page.getByRole('cell', { name: 'Sunset in Bergen' }).click()
    await form.getByLabel('title').fill('Sunset in Bergen, again')
    await me.press('Save')
    await until(/Sunset in Bergen, again/)
    await reader.cancel()
  })
}

