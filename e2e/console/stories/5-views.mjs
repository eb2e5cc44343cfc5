// Views: a query that is tried as it is typed, and records that can only be read.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'

const QUERY = `SELECT authors.id, authors.name, count(books.id) AS written
FROM authors LEFT JOIN books ON books.author = authors.id
GROUP BY authors.id, authors.name`

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const form = page.getByRole('dialog').first()
  const field = (type, name, options) => ({ type, name, ...options })
  const authors = await root.make('/api/collections', { name: 'authors', type: 'base', fields: [field('text', 'name')] })
  await root.make('/api/collections', {
    name: 'books', type: 'base', fields: [field('text', 'title'), field('relation', 'author', { collectionId: authors.id, maxSelect: 1 })],
  })
  const ursula = await root.make('/api/collections/authors/records', { name: 'Ursula' })
  for (const title of ['One', 'Two']) await root.make('/api/collections/books/records', { title, author: ursula.id })
  const query = page.getByLabel('Query', { exact: true })

  await step('a query shows what it finds as it is typed, and what is wrong with it', async () => {
    await me.open('/_/new-collection')
    await page.getByLabel('Name', { exact: true }).fill('productivity')
    await page.getByLabel('Type', { exact: true }).selectOption('view')
    await query.fill('SELECT name FROM nothing')
    await query.and(page.locator('[aria-invalid=true]')).waitFor()
    await query.fill(QUERY)
    await page.getByRole('row', { name: /Ursula/ }).getByRole('cell', { name: '2', exact: true }).waitFor()
    await page.getByRole('columnheader', { name: 'written' }).waitFor()
    await query.and(page.locator('[aria-invalid=true]')).waitFor({ state: 'detached' })
  })

  await step('it is created, and its records can only be read', async () => {
    await me.press('Create')
    await me.isAt('/_/collections/productivity')
    await page.getByRole('row', { name: /Ursula/ }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'New record' }).count(), 0)
    await page.getByRole('cell', { name: 'Ursula' }).click()
    assert.ok(await form.getByLabel('name').isDisabled())
    assert.equal(await form.getByRole('button', { name: /^(Save|Delete)$/ }).count(), 0)
    await page.keyboard.press('Escape')
    await form.waitFor({ state: 'detached' })
  })

  await step('it has two rules and no indexes, and cannot be emptied', async () => {
    const tabs = page.getByRole('navigation', { name: 'Parts of the collection' })
    assert.deepEqual(await tabs.getByRole('link').allInnerTexts(), ['Records', 'Query', 'Rules'])
    await tabs.getByRole('link', { name: 'Rules' }).click()
    await page.getByRole('heading', { name: 'View', exact: true }).waitFor()
    assert.deepEqual(await page.locator('.rule h3').allInnerTexts(), ['List', 'View'])
    await me.open('/_/collections/productivity/indexes')
    await me.reads('Nothing is here')
    await me.open('/_/collections/productivity')
    await me.press('More')
    assert.ok(await page.getByRole('menuitem', { name: 'Delete all records' }).isDisabled())
    await page.keyboard.press('Escape')
  })

  await step('another query is saved once it is right', async () => {
    await me.open('/_/collections/productivity/fields')
    await page.getByRole('row', { name: /Ursula/ }).waitFor()
    await query.fill(QUERY.replace('GROUP BY', 'WHERE nope GROUP BY'))
    await query.and(page.locator('[aria-invalid=true]')).waitFor()
    await query.fill(QUERY.replaceAll('written', 'books'))
    await page.getByRole('columnheader', { name: 'books' }).waitFor()
    await me.save()
    await me.open('/_/collections/productivity')
    await page.getByRole('columnheader', { name: 'books' }).waitFor()
  })
}
