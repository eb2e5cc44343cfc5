// What superusers set.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const settings = async () => (await root.ask('GET', '/api/settings')).body

  await step('a change is saved, and nothing else is sent', async () => {
    await me.follow('Settings')
    await me.isAt('/_/settings')
    await page.getByRole('region', { name: 'Unsaved changes' }).waitFor({ state: 'detached' })
    await page.getByLabel('Name', { exact: true }).fill('Tidings')
    await page.getByLabel('Address', { exact: true }).fill('https://tidings.example.com')
    const [request] = await Promise.all([
      page.waitForRequest((request) => request.method() === 'PATCH'),
      me.press('Save'),
    ])
    assert.deepEqual(request.postDataJSON(), { meta: { appName: 'Tidings', appURL: 'https://tidings.example.com' } })
    await page.getByRole('region', { name: 'Unsaved changes' }).waitFor({ state: 'detached' })
    assert.equal((await settings()).meta.appName, 'Tidings')
    await page.reload()
    await page.getByLabel('Name', { exact: true }).waitFor()
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Tidings')
  })

  await step('what is wrong is said at its input; discarding takes it back', async () => {
    await page.getByLabel("Sender's address").fill('nobody')
    await me.press('Save')
    await page.getByLabel("Sender's address").and(page.locator('[aria-invalid=true]')).waitFor()
    await me.reads('Must be a valid email address.')
    await me.press('Discard')
    await page.getByRole('region', { name: 'Unsaved changes' }).waitFor({ state: 'detached' })
    assert.notEqual(await page.getByLabel("Sender's address").inputValue(), 'nobody')
  })

  await step('batches are allowed, and logs are kept as told', async () => {
    assert.equal((await root.ask('POST', '/api/batch', { requests: [] })).status, 403)
    await page.getByRole('switch', { name: 'Allowed' }).check()
    await page.getByLabel('Most changes').fill('')
    await me.press('Save')
    await me.reads('Cannot be blank.')
    await page.getByLabel('Most changes').fill('20')
    await page.getByLabel('Days', { exact: true }).fill('7')
    await page.getByLabel('From level').selectOption('Warning')
    await page.getByRole('switch', { name: 'With addresses' }).uncheck()
    await me.press('Save')
    await page.getByRole('region', { name: 'Unsaved changes' }).waitFor({ state: 'detached' })
    const { batch, logs } = await settings()
    assert.deepEqual([batch.enabled, batch.maxRequests], [true, 20])
    assert.deepEqual(logs, { maxDays: 7, minLevel: 4, logIP: false, logAuthId: false })
  })

  await step('a test mail is sent, or kept where there is no mail server', async () => {
    await me.press('Send a test mail')
    const dialog = page.getByRole('dialog', { name: 'Send a test mail' })
    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.getByText('Cannot be blank.').waitFor()
    await dialog.getByLabel('To', { exact: true }).fill('ann@example.com')
    await dialog.getByLabel('Which mail').selectOption('Password reset')
    await dialog.getByLabel('To accounts of').selectOption('users')
    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.waitFor({ state: 'detached' })
    await me.follow('Mails')
    await page.getByRole('row', { name: /ann@example.com/ }).getByText(/Tidings/).waitFor()
  })

  await step('who is no superuser does not see the settings', async () => {
    const role = await root.make('/api/collections/_roles/records', { name: 'readers', areas: ['collections:read'] })
    const user = await root.make('/api/collections/users/records', { email: 'bob@example.com', password: 'correct horse', passwordConfirm: 'correct horse' })
    await root.make('/api/collections/_members/records', { role: role.id, collectionRef: 'users', recordRef: user.id })
    await me.signOut()
    await me.signIn('bob@example.com', 'users')
    await me.sees('link', 'Collections')
    assert.equal(await page.getByRole('link', { name: 'Settings' }).count(), 0)
    await me.open('/_/settings')
    await me.reads('This page is not for your account')
  })
}
