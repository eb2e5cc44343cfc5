// The editor of collections, in detail.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'

const TYPES = [
  ['Text', 'text'], ['Number', 'number'], ['Yes or no', 'bool'], ['E-mail', 'email'], ['URL', 'url'], ['Date', 'date'],
  ['Selection', 'select'], ['Relation', 'relation'], ['JSON', 'json'], ['Password', 'password'], ['Automatic date', 'autodate'],
]

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const definition = async (name) => (await root.ask('GET', `/api/collections/${name}`)).body

  await step('a collection with a field of every type', async () => {
    await me.open('/_/new-collection')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('all')
    for (const [type, kind] of TYPES) await me.addField(type, `a_${kind}`)
    await page.getByLabel('Values').fill('one\ntwo\n\nthree\n')
    await page.getByLabel('Refers to').selectOption({ label: 'users' })
    await me.press('Create')
    await me.isAt('/_/collections/all')
    const made = await definition('all')
    for (const [, kind] of TYPES) assert.equal(made.fields.find((field) => field.name === `a_${kind}`)?.type, kind)
    assert.deepEqual(made.fields.find((field) => field.type === 'select').values, ['one', 'two', 'three'])
  })

  await step('fields are moved, renamed, changed and removed, and values stay', async () => {
    await root.make('/api/collections/all/records', { a_text: 'kept', a_number: 3 })
    await me.follow('Fields')
    const names = () => page.locator('.field-name').evaluateAll((inputs) => inputs.map((input) => input.value))
    assert.equal((await names())[1], 'a_text')
    const text = page.locator('.field-row').nth(1)
    await text.getByRole('button', { name: 'Move down' }).click()
    assert.deepEqual((await names()).slice(1, 3), ['a_number', 'a_text'])
    const moved = page.locator('.field-row').nth(2)
    await moved.locator('.field-name').fill('words')
    await moved.getByRole('button', { name: 'Options of the field' }).click()
    await moved.getByLabel('Most characters').fill('100')
    await moved.getByRole('switch', { name: 'presentable' }).check()
    const bool = page.locator('.field-row').nth(3)
    assert.equal(await bool.locator('.field-name').inputValue(), 'a_bool')
    await bool.getByRole('button', { name: 'Remove the field' }).click()
    await me.press('Save')
    await me.press('Save and lose it')
    await page.getByText('Unsaved changes').waitFor({ state: 'detached' })
    const saved = await definition('all')
    const order = saved.fields.map((field) => field.name)
    assert.deepEqual(order.slice(0, 4), ['id', 'a_number', 'words', 'a_email'])
    const words = saved.fields.find((field) => field.name === 'words')
    assert.deepEqual([words.max, words.presentable], [100, true])
    const { body } = await root.ask('GET', '/api/collections/all/records')
    assert.deepEqual([body.items[0].words, body.items[0].a_number], ['kept', 3])
  })

  await step('a bad option is said at its input, even when it is closed', async () => {
    const words = page.locator('.field-row').nth(2)
    await words.getByRole('button', { name: 'Options of the field' }).click()
    await words.getByLabel('Pattern', { exact: true }).fill('[')
    await words.getByRole('button', { name: 'Options of the field' }).click()
    await me.press('Save')
    await words.getByLabel('Pattern', { exact: true }).and(page.locator('[aria-invalid=true]')).waitFor()
    await me.press('Discard')
    await page.getByText('Unsaved changes').waitFor({ state: 'detached' })
  })

  await step('indexes are made from columns, and checked', async () => {
    await me.follow('Indexes')
    await me.press('Add an index')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('words').check()
    await dialog.getByLabel('a_number').check()
    await dialog.getByRole('switch', { name: 'Unique' }).check()
    await dialog.getByRole('button', { name: 'Add an index' }).click()
    const index = page.getByRole('textbox', { name: 'Index 1' })
    assert.equal(await index.inputValue(), 'CREATE UNIQUE INDEX `idx_all_words_a_number` ON `all` (`words`, `a_number`)')
    await index.fill('CREATE INDEX nonsense')
    await index.and(page.locator('[aria-invalid=true]')).waitFor()
    await index.fill('CREATE INDEX `idx_all_words` ON `all` (`words`)')
    await index.and(page.locator(':not([aria-invalid])')).waitFor()
    await me.save()
    assert.equal((await definition('all')).indexes.length, 1)
  })

  await step('what accounts have besides: tokens, mails, how they sign in', async () => {
    await me.open('/_/collections/users/accounts')
    await page.getByLabel('Signed in').fill('600')
    await page.getByText('Password reset').last().click()
    await page.getByLabel('Subject').nth(1).fill('Your new password')
    await me.save()
    const users = await definition('users')
    assert.equal(users.authToken.duration, 600)
    assert.equal(users.resetPasswordTemplate.subject, 'Your new password')
    await page.getByLabel('Signed in').fill('1')
    await me.press('Save')
    await page.getByLabel('Signed in').and(page.locator('[aria-invalid=true]')).waitFor()
    await me.press('Discard')
  })

  await step('a renamed collection is found under its new name', async () => {
    await me.open('/_/collections/all/fields')
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('everything')
    await me.press('Save')
    await me.isAt('/_/collections/everything/fields')
    await me.sees('heading', 'everything')
    assert.equal((await definition('all')).status, 404)
  })

  await step('the search narrows the list, and the address has it', async () => {
    await me.follow('Collections')
    await page.getByRole('main').getByRole('searchbox').fill('every')
    await page.getByRole('row', { name: /^users/ }).waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('row', { name: /everything/ }).waitFor()
    assert.equal(await page.getByRole('main').getByRole('searchbox').inputValue(), 'every')
  })

  await step('records are all deleted, and then the collection, after its name was typed', async () => {
    await me.open('/_/collections/everything')
    await me.reads('1 in all')
    await me.choose('More', 'Delete all records')
    const confirm = page.getByRole('dialog')
    const button = confirm.getByRole('button', { name: 'Delete all records' })
    assert.ok(await button.isDisabled())
    await confirm.getByRole('textbox').fill('everything')
    await button.click()
    await me.reads('All records of everything are deleted')
    await me.reads('No records yet')
    await me.choose('More', 'Delete the collection')
    await confirm.waitFor()
    await page.keyboard.press('Escape')
    await confirm.waitFor({ state: 'detached' })
    await me.choose('More', 'Delete the collection')
    await confirm.getByRole('textbox').fill('everything')
    await confirm.getByRole('button', { name: 'Delete', exact: true }).click()
    await me.isAt('/_/collections')
    assert.equal((await definition('everything')).status, 404)
  })
}
