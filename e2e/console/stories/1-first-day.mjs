// From the first start to a collection that an account may read: what everybody does on the first day.

import assert from 'node:assert/strict'

import { EMAIL, PASSWORD, program } from '../lib/person.mjs'

export const onBothEngines = true

export default async function ({ page, server, step, me }) {
  await step('without a superuser, the console leads to first run', async () => {
    await me.open('/')
    await me.isAt('/_/setup')
    await me.reads('The one-time token is missing')
    assert.ok(await page.getByRole('button', { name: 'Create and sign in' }).isDisabled())
  })

  await step('a wrong token and two different passwords are refused', async () => {
    await page.goto(`${server.url}/_/setup#wrong`)
    await page.getByLabel('E-mail address').fill(EMAIL)
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByLabel('The password again').fill('another one')
    await me.press('Create and sign in')
    await me.reads('The two passwords differ')
    await page.getByLabel('The password again').fill(PASSWORD)
    await me.press('Create and sign in')
    await me.reads('It is not the token that the server printed')
  })

  await step('the link that the server printed makes the first superuser and signs in', async () => {
    await page.goto('about:blank')
    await me.setUp()
    await me.isAt('/_/')
    await me.sees('button', `Account: ${EMAIL}`)
  })

  await step('the link works once', async () => {
    await page.goto('about:blank')
    await page.goto(server.link)
    await me.reads('Plinth is already set up')
    await me.open('/_/')
  })

  await step('a new collection: what is wrong is said where it is', async () => {
    await me.follow('Collections')
    await me.follow('New collection')
    await me.press('Create')
    await page.getByRole('textbox', { name: 'Name', exact: true }).and(page.locator('[aria-invalid=true]')).waitFor()
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('notes')
    await me.addField('Text', 'title')
    await page.getByRole('switch', { name: 'required' }).last().check()
    await me.addField('Selection', 'state')
    await me.press('Create')
    await page.getByLabel('Values').and(page.locator('[aria-invalid=true]')).waitFor()
    await page.getByLabel('Values').fill('open\ndone')
    await me.addField('Relation', 'owner')
    await page.getByLabel('Refers to').selectOption({ label: 'users' })
    await me.press('Create')
    await me.isAt('/_/collections/notes')
    await me.sees('link', 'notes')
    await me.reads('No records yet')
  })

  await step('an account, for the relation to refer to', async () => {
    await me.open('/_/collections/users')
    await me.press('New record')
    const form = page.getByRole('dialog')
    await form.getByLabel('email', { exact: true }).fill('eve@example.com')
    await form.getByLabel('password', { exact: true }).fill(PASSWORD)
    await form.getByLabel('The password again').fill('different')
    await form.getByLabel('name').fill('Eve')
    await me.press('Create')
    await form.getByLabel('The password again').and(page.locator('[aria-invalid=true]')).waitFor()
    await form.getByLabel('The password again').fill(PASSWORD)
    await me.press('Create')
    await form.waitFor({ state: 'detached' })
    await me.reads('eve@example.com')
  })

  await step('a record: an empty title is refused at its field, then it is created', async () => {
    await me.open('/_/collections/notes')
    await me.press('New record')
    const form = page.getByRole('dialog')
    await me.press('Create')
    await form.getByLabel('title').and(page.locator('[aria-invalid=true]')).waitFor()
    await me.reads('Cannot be blank.')
    await form.getByLabel('title').fill('Water the plants')
    await form.getByLabel('state').selectOption('open')
    await me.press('Choose…')
    await page.getByPlaceholder('Find a record').fill('eve')
    await page.getByRole('button', { name: /^Eve/ }).last().click()
    await me.press('Create')
    await form.waitFor({ state: 'detached' })
    await page.getByRole('row', { name: /Water the plants.*open.*Eve/ }).waitFor()
    await me.reads('1 in all')
  })

  const guest = program(server)
  const eve = await guest.as('users', 'eve@example.com')
  await step('a locked rule denies everyone but superusers', async () => {
    assert.equal((await guest.ask('GET', '/api/collections/notes/records')).status, 403)
    assert.equal((await eve.ask('GET', '/api/collections/notes/records')).status, 403)
  })

  await step('a rule is checked while it is typed', async () => {
    await me.follow('Rules')
    await page.getByRole('region', { name: 'List', exact: true }).getByRole('button', { name: 'Unlock' }).click()
    const rule = page.getByRole('textbox', { name: 'List', exact: true })
    await rule.fill('nobody = @request.auth.id')
    await me.reads(/unknown field "nobody"/)
    await rule.fill('owner = @request.auth.id &&')
    await page.getByText(/unknown field "nobody"/).waitFor({ state: 'detached' })
    await rule.and(page.locator('[aria-invalid=true]')).waitFor()
    await rule.fill('owner = @request.auth.id')
    await rule.and(page.locator(':not([aria-invalid])')).waitFor()
    await me.save()
  })

  await step('the rule holds at once: the owner sees the record, a guest sees none', async () => {
    const seen = await eve.ask('GET', '/api/collections/notes/records')
    assert.deepEqual([seen.status, seen.body.totalItems], [200, 1])
    const hidden = await guest.ask('GET', '/api/collections/notes/records')
    assert.deepEqual([hidden.status, hidden.body.totalItems], [200, 0])
    const written = await eve.ask('POST', '/api/collections/notes/records', { title: 'mine' })
    assert.equal(written.status, 403)
  })

  await step('who has no area of the console signs in and finds nothing', async () => {
    await me.signOut()
    await me.signIn('eve@example.com', 'users')
    await me.reads('There is nothing here for you')
    assert.equal(await page.getByRole('link', { name: 'Collections', exact: true }).count(), 0)
    await me.signOut()
  })

  await step('who is not signed in is led to the sign-in, and back', async () => {
    await me.open('/_/collections/notes/rules')
    await me.isAt('/_/sign-in')
    await page.getByLabel('As', { exact: true }).selectOption('_superusers')
    await page.getByLabel('E-mail address or user name').fill(EMAIL)
    await page.getByLabel('Password', { exact: true }).fill('wrong')
    await me.press('Sign in')
    await me.reads('Failed to authenticate')
    await me.signIn()
    await me.isAt('/_/collections/notes/rules')
    assert.equal(await page.getByRole('textbox', { name: 'List', exact: true }).inputValue(), 'owner = @request.auth.id')
  })
}
