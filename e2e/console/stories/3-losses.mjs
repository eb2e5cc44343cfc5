// What would be lost is asked about first, and what is not seen is left alone.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  await root.make('/api/collections', {
    name: 'products',
    type: 'base',
    fields: [
      { type: 'text', name: 'sku' }, { type: 'text', name: 'body' }, { type: 'number', name: 'price' },
      { type: 'select', name: 'tags', values: ['a', 'b'], maxSelect: 2 },
    ],
    indexes: ['CREATE UNIQUE INDEX idx_products_sku ON products (sku)'],
  })
  for (const sku of ['one', 'two', 'three']) {
    await root.make('/api/collections/products/records', { sku, body: 'long', price: 5, tags: ['a', 'b'] })
  }
  const records = async () => (await root.ask('GET', '/api/collections/products/records')).body.items
  const definition = async () => (await root.ask('GET', '/api/collections/products')).body
  const dialog = page.getByRole('dialog').last()

  await step('the list of types opens in full, and upwards where there is no room below', async () => {
    await me.open('/_/collections/products/fields')
    await me.press('Add a field')
    const menu = page.getByRole('menu')
    await menu.waitFor()
    const main = await page.locator('#content').boundingBox()
    await page.waitForFunction((left) => document.querySelector('[role=menu]').getBoundingClientRect().left >= left, main.x)
    await page.waitForFunction(() => document.querySelector('[role=menu]').getBoundingClientRect().bottom <= innerHeight)
    await page.keyboard.press('Escape')
  })

  await step('a field with an index gets another name', async () => {
    await page.locator('.field-name').nth(1).fill('article_no')
    await me.save()
    const { indexes } = await definition()
    assert.match(indexes[0], /article_no/)
    assert.equal((await records())[0].article_no, 'one')
  })

  await step('a field goes with its values only when that was confirmed', async () => {
    await page.getByRole('button', { name: 'Remove the field' }).nth(2).click()
    await me.press('Save')
    await me.reads('The field body and all its values are deleted.')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    assert.equal((await records())[0].body, 'long')
    await me.press('Save')
    await dialog.getByRole('button', { name: 'Save and lose it' }).click()
    await page.getByText('Unsaved changes').waitFor({ state: 'detached' })
    assert.equal((await records())[0].body, undefined)
  })

  await step('what is no number is neither 0 nor sent', async () => {
    const [first] = await records()
    await me.open(`/_/collections/products?record=${first.id}`)
    for (const wrong of ['1e400', '1,5', 'abc']) {
      await dialog.getByLabel('price').fill(wrong)
      await me.reads('This is not a number, or too large.')
      await me.press('Save')
      assert.equal(await dialog.getByLabel('price').inputValue(), wrong)
    }
    assert.equal((await records())[0].price, 5)
    await dialog.getByLabel('price').fill('')
    await dialog.getByLabel('price').pressSequentially('1.50')
    assert.equal(await dialog.getByLabel('price').inputValue(), '1.50')
    await me.press('Save')
    await dialog.waitFor({ state: 'detached' })
    assert.equal((await records())[0].price, 1.5)
  })

  await step('what a filter hides is not selected any more, and not deleted', async () => {
    await me.open('/_/collections/products')
    await page.locator('tbody .check').nth(0).check()
    await page.locator('tbody .check').nth(1).check()
    await me.reads('2 selected')
    const filter = page.getByRole('textbox', { name: 'Filter' })
    await filter.fill('article_no = "one"')
    await filter.press('Enter')
    await me.reads('1 in all')
    await page.getByText('2 selected').waitFor({ state: 'detached' })
    await page.locator('tbody .check').first().check()
    await me.reads('1 selected')
    await page.getByRole('region', { name: 'Selected records' }).getByRole('button', { name: 'Delete' }).click()
    const [shown] = await records()
    await dialog.getByText(shown.id).waitFor()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await me.reads('Nothing matches')
    assert.deepEqual((await records()).map((record) => record.article_no), ['two', 'three'])
  })
}
