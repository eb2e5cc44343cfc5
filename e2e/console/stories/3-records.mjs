// The table and the form of records, in detail.

import assert from 'node:assert/strict'

import { EMAIL, PASSWORD, program } from '../lib/person.mjs'

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const field = (type, name, options) => ({ type, name, ...options })
  await root.make('/api/collections', {
    name: 'items',
    type: 'base',
    fields: [
      field('text', 'title', { required: true, presentable: true }), field('number', 'rank'), field('bool', 'good'),
      field('email', 'contact'), field('url', 'link'), field('date', 'day'), field('json', 'data'),
      field('select', 'one', { values: ['a', 'b'], maxSelect: 1 }), field('select', 'many', { values: ['x', 'y', 'z'], maxSelect: 3 }),
      field('password', 'secret', { min: 8 }), field('autodate', 'created', { onCreate: true }),
    ],
  })
  const items = (await root.ask('GET', '/api/collections/items')).body
  await root.make('/api/collections', {
    name: 'links', type: 'base', fields: [field('relation', 'to', { collectionId: items.id, maxSelect: 5 })],
  })
  for (let rank = 1; rank <= 65; rank += 1) await root.make('/api/collections/items/records', { title: `Item ${rank}`, rank })
  const titles = () => page.locator('tbody tr td:nth-child(3)').allInnerTexts()
  const first = (title) => page.locator('tbody tr').first().filter({ hasText: title }).waitFor()
  const form = page.getByRole('dialog').first()

  await step('pages, with a total; the newest come first', async () => {
    await me.open('/_/collections/items')
    await first('Item 65')
    await me.reads('65 in all')
    assert.equal((await titles()).length, 30)
    await me.press('Next page')
    await first('Item 35')
    await me.press('Next page')
    await first('Item 5')
    assert.ok(await page.getByRole('button', { name: 'Next page' }).isDisabled())
    await page.goBack()
    await first('Item 35')
    await page.getByLabel('per page').selectOption('100')
    await first('Item 65')
    assert.equal((await titles()).length, 65)
  })

  await step('a click on a head sorts, another turns it round; the address has it', async () => {
    await page.getByRole('button', { name: 'rank' }).click()
    await first('Item 1')
    await page.getByRole('button', { name: 'rank' }).click()
    await page.locator('th[aria-sort=descending]').waitFor()
    await first('Item 65')
    await page.reload()
    await page.locator('th[aria-sort=descending]').filter({ hasText: 'rank' }).waitFor()
  })

  await step('a filter narrows; one that is wrong says so', async () => {
    const filter = page.getByRole('textbox', { name: 'Filter' })
    await filter.fill('rank > 60 && title ~ "item"')
    await filter.press('Enter')
    await me.reads('5 in all')
    await filter.fill('nope > 1')
    await filter.press('Enter')
    await me.reads('The filter cannot be understood')
    await filter.fill('rank > 600')
    await filter.press('Enter')
    await me.reads('Nothing matches')
    await filter.fill('title = "%41"')
    await filter.press('Enter')
    await me.reads('Nothing matches')
    await page.reload()
    await me.reads('Nothing matches')
    assert.equal(await filter.inputValue(), 'title = "%41"', 'a reload shows what was typed')
    await me.press('Clear the filter')
    await me.reads('65 in all')
  })

  await step('every type has its input, and what is sent is what was typed', async () => {
    await me.press('New record')
    await form.getByLabel('title').fill('Everything')
    await form.getByLabel('rank').fill('-2.5')
    await form.getByRole('switch', { name: 'good' }).check()
    await form.getByLabel('contact').fill('not an address')
    await form.getByLabel('link').fill('https://example.com/a')
    await form.getByLabel('day (UTC)').fill('2026-01-31T12:30')
    await form.getByLabel('data').fill('{"a": [1,')
    await form.getByLabel('one').selectOption('b')
    await form.getByLabel('x', { exact: true }).check()
    await form.getByLabel('z', { exact: true }).check()
    await form.getByLabel('secret').fill('long enough')
    await me.press('Create')
    await me.reads('This is not JSON.')
    await form.getByLabel('data').fill('{"a": [1, 2]}')
    await me.press('Create')
    await form.getByLabel('contact').and(page.locator('[aria-invalid=true]')).waitFor()
    await form.getByLabel('contact').fill('a@example.com')
    await me.press('Create')
    await form.waitFor({ state: 'detached' })
    const { body } = await root.ask('GET', '/api/collections/items/records?filter=rank%3C0')
    const { title, rank, good, contact, link, day, data, one, many } = body.items[0]
    assert.deepEqual(
      { title, rank, good, contact, link, day, data, one, many },
      {
        title: 'Everything', rank: -2.5, good: true, contact: 'a@example.com', link: 'https://example.com/a',
        day: '2026-01-31 12:30:00.000Z', data: { a: [1, 2] }, one: 'b', many: ['x', 'z'],
      },
    )
  })

  await step('a change sends what was changed; a form with changes does not vanish unasked', async () => {
    const filter = page.getByRole('textbox', { name: 'Filter' })
    await filter.fill('title = "Everything"')
    await filter.press('Enter')
    await me.reads('1 in all')
    await page.getByRole('cell', { name: 'Everything' }).click()
    await form.getByLabel('title').fill('Changed')
    await page.keyboard.press('Escape')
    await me.reads('Discard the changes?')
    await me.press('Cancel')
    const [request] = await Promise.all([
      page.waitForRequest((request) => request.method() === 'PATCH'),
      form.getByRole('button', { name: 'Save' }).click(),
    ])
    assert.deepEqual(request.postDataJSON(), { title: 'Changed' })
    await form.waitFor({ state: 'detached' })
    await me.reads('Nothing matches')
    await me.press('Clear the filter')
  })

  await step('a relation to several is chosen from a list that can be searched', async () => {
    await me.open('/_/collections/links?record=new')
    for (const title of ['Item 7', 'Item 12']) {
      await form.getByRole('button', { name: 'Choose…' }).click()
      await page.getByPlaceholder('Find a record').fill(title)
      await page.getByRole('button', { name: new RegExp(`^${title} `) }).last().click()
      await me.press('Done')
    }
    await form.getByRole('button', { name: 'Remove Item 7' }).click()
    await me.press('Create')
    await form.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Item 12' }).click()
    await me.isAt('/_/collections/items')
    await form.getByLabel('title').waitFor()
    assert.equal(await form.getByLabel('title').inputValue(), 'Item 12')
  })

  await step('a record that is not there says so', async () => {
    await me.open('/_/collections/items?record=doesnotexist00')
    await form.getByText("The requested resource wasn't found").waitFor()
    await page.keyboard.press('Escape')
    await form.waitFor({ state: 'detached' })
  })

  await step('columns are chosen, and stay chosen', async () => {
    await me.press('Columns')
    await page.getByRole('dialog').getByLabel('contact').uncheck()
    await page.getByRole('dialog').getByLabel('many').check()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('columnheader', { name: 'contact' }).waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('columnheader', { name: 'many' }).waitFor()
    assert.equal(await page.getByRole('columnheader', { name: 'contact' }).count(), 0)
  })

  await step('selected records are deleted together; one alone by its form', async () => {
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check()
    await me.reads('30 selected')
    await page.locator('tbody .check').first().uncheck()
    await me.reads('29 selected')
    await page.getByRole('region', { name: 'Selected records' }).getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await me.reads('37 in all')
    await page.locator('tbody tr td:nth-child(3)').first().click()
    await form.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').last().getByRole('button', { name: 'Delete' }).last().click()
    await me.reads('36 in all')
  })

  await step('an account gets another password; without one it keeps its own', async () => {
    await root.make('/api/collections/users/records', { email: 'eve@example.com', password: PASSWORD, passwordConfirm: PASSWORD })
    await me.open('/_/collections/users')
    await page.getByRole('cell', { name: 'eve@example.com' }).click()
    await form.getByLabel('name').fill('Eve')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    await program(server).as('users', 'eve@example.com')
    await page.getByRole('cell', { name: 'eve@example.com' }).click()
    await form.getByLabel('password', { exact: true }).fill('another horse')
    await form.getByLabel('The password again').fill('another horse')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    await program(server).as('users', 'eve@example.com', 'another horse')
  })

  await step('a session that has ended leads to the sign-in, and back', async () => {
    await me.open('/_/collections/items?sort=rank')
    await page.locator('tbody tr').first().waitFor()
    // The superuser's password is changed elsewhere: its tokens are no longer good.
    const own = (await root.ask('GET', '/api/collections/_superusers/records')).body.items[0]
    await root.ask('PATCH', `/api/collections/_superusers/records/${own.id}`, { password: PASSWORD, passwordConfirm: PASSWORD, oldPassword: PASSWORD })
    await me.press('Load again')
    await me.isAt('/_/sign-in')
    await me.signIn()
    await me.isAt('/_/collections/items')
    assert.equal(new URL(page.url()).searchParams.get('sort'), 'rank')
  })
}
