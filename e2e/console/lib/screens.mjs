// The screens that are gone through, each by its address and what is done there before it is looked at.

import { fileScreens } from './files.mjs'
import { roleScreens } from './roles.mjs'
import { settingsScreens } from './settings.mjs'
import { signInScreens } from './sign-in.mjs'
import { viewScreens } from './views.mjs'
import { workScreens } from './work.mjs'

export const screens = [
  ...workScreens,
  ...roleScreens,
  ...settingsScreens,
  ...fileScreens,
  ...viewScreens,
  { name: 'collections', path: '/_/collections', arrive: ({ me }) => me.sees('row', /posts/) },
  {
    name: 'collections-menu',
    path: '/_/collections',
    async arrive({ page, me }) {
      const menu = page.getByRole('button', { name: 'Open the menu' })
      if (await menu.isVisible()) await menu.click()
      await me.press(/^Account:/)
    },
  },
  {
    name: 'collection-new',
    path: '/_/new-collection',
    async arrive({ page, me }) {
      await me.addField('Relation', 'author')
      await me.press('Create')
      await page.locator('[aria-invalid=true]').first().waitFor()
    },
  },
  { name: 'collection-fields', path: '/_/collections/posts/fields', arrive: ({ me }) => me.sees('button', 'Add a field') },
  {
    name: 'collection-fields-options',
    path: '/_/collections/posts/fields',
    arrive: ({ page }) => page.getByRole('button', { name: 'Options of the field' }).nth(1).click(),
  },
  {
    name: 'collection-rules',
    path: '/_/collections/posts/rules',
    async arrive({ page, me }) {
      await page.getByRole('textbox', { name: 'Update', exact: true }).fill('writer = @request.auth.id')
      await me.reads(/unknown field/)
    },
  },
  {
    name: 'collection-rules-syntax',
    path: '/_/collections/posts/rules',
    async arrive({ page }) {
      await page.getByText('What a rule can say').click()
      await page.getByText('What a rule can say').scrollIntoViewIfNeeded()
    },
  },
  { name: 'collection-indexes', path: '/_/collections/posts/indexes', arrive: ({ me }) => me.sees('textbox', 'Index 1') },
  {
    name: 'collection-index-new',
    path: '/_/collections/posts/indexes',
    async arrive({ me }) {
      await me.press('Add an index')
      await me.sees('dialog', 'Add an index')
    },
  },
  { name: 'collection-indexes-empty', path: '/_/collections/tags/indexes', arrive: ({ me }) => me.reads('No indexes') },
  ...signInScreens,
  {
    name: 'collection-delete',
    path: '/_/collections/posts',
    async arrive({ me }) {
      await me.choose('More', 'Delete the collection')
      await me.sees('dialog', 'Delete posts?')
    },
  },
  { name: 'records', path: '/_/collections/posts?sort=-views', arrive: ({ page }) => page.locator('tbody tr').first().waitFor() },
  {
    name: 'records-selected',
    path: '/_/collections/posts',
    async arrive({ page }) {
      await page.locator('tbody .check').nth(0).check()
      await page.locator('tbody .check').nth(2).check()
    },
  },
  {
    name: 'records-filter-wrong',
    path: '/_/collections/posts?filter=nope%20%3D%201',
    arrive: ({ me }) => me.reads('The filter cannot be understood'),
  },
  { name: 'records-no-match', path: '/_/collections/posts?filter=views%20%3C%200', arrive: ({ me }) => me.reads('Nothing matches') },
  { name: 'records-empty', path: '/_/collections/drafts', arrive: ({ me }) => me.reads('No records yet') },
  {
    name: 'records-columns',
    path: '/_/collections/posts',
    async arrive({ me }) {
      await me.press('Columns')
      await me.sees('dialog', 'Columns')
    },
  },
  {
    name: 'record',
    path: '/_/collections/posts?sort=-views',
    async arrive({ page }) {
      await page.locator('tbody tr td:nth-child(3)').first().click()
      await page.getByRole('dialog').getByLabel('title').waitFor()
    },
  },
  {
    name: 'record-wrong',
    path: '/_/collections/posts?record=new',
    async arrive({ page, me }) {
      await page.getByRole('dialog').getByLabel('contact').fill('nobody')
      await me.press('Create')
      await page.locator('[aria-invalid=true]').first().waitFor()
    },
  },
  {
    name: 'record-choose',
    path: '/_/collections/posts?record=new',
    async arrive({ page }) {
      await page.getByRole('button', { name: 'Choose…' }).first().click()
      await page.getByRole('button', { name: /^Grace/ }).waitFor()
    },
  },
  { name: 'account-new', path: '/_/collections/users?record=new', arrive: ({ me }) => me.sees('dialog', /New record/) },
  { name: 'not-found', path: '/_/nowhere', arrive: ({ me }) => me.reads('Nothing is here') },
]
