// What went wrong, and when: the log is read, narrowed, and looked into; an operator may be given it alone.

import assert from 'node:assert/strict'

import { EMAIL, PASSWORD, program } from '../lib/person.mjs'

export const onBothEngines = true

export default async function ({ page, server, step, me }) {
  const row = (name) => page.getByRole('row', { name })
  let root

  await step('requests show up by themselves a few seconds later', async () => {
    await me.setUp()
    root = await program(server).as('_superusers', EMAIL)
    await me.follow('Logs')
    await me.sees('heading', 'Logs')
    await root.ask('GET', '/api/nowhere?token=hush')
    await root.ask('GET', '/api/health')
    await row(/error GET \/api\/nowhere\?token=\*\*\* 404/).waitFor()
    await row(/info GET \/api\/health 200 .*_superusers/).waitFor()
  })

  await step('the picture has them by the hour', async () => {
    const chart = page.getByRole('slider', { name: 'Entries per hour' })
    await chart.focus()
    await chart.press('End')
    assert.match(await chart.getAttribute('aria-valuetext'), /^\d\d:00: Entries [1-9]\d*, Errors [1-9]/)
    await me.follow('7 days')
    await page.waitForURL((url) => url.search === '?range=7d')
    await page.locator('[role=slider][aria-valuemax="167"]').waitFor()
    await chart.press('End')
    assert.match(await chart.getAttribute('aria-valuetext'), /^\d+ \w+, \d\d:00: Entries [1-9]/)
  })

  await step('it is narrowed to errors, and by a filter', async () => {
    await page.getByRole('navigation', { name: 'Levels' }).getByRole('link', { name: 'Errors', exact: true }).click()
    await row(/GET \/api\/health/).first().waitFor({ state: 'detached' })
    await row(/GET \/api\/nowhere/).waitFor()
    const filter = page.getByRole('textbox', { name: 'Filter' })
    await filter.fill('data.status = 418')
    await filter.press('Enter')
    await me.reads('No entry is like this')
    await filter.fill('data.status >')
    await filter.press('Enter')
    await me.reads('The filter cannot be understood')
    await filter.fill('data.status = 404')
    await filter.press('Enter')
    await row(/GET \/api\/nowhere/).waitFor()
    assert.equal(await page.locator('tbody tr').count(), 1)
    await page.waitForURL((url) => url.searchParams.get('filter') === 'data.status = 404' && url.searchParams.get('range') === '7d')
  }, { allows: /400/ })

  await step('an entry tells all that is known, and has an address', async () => {
    await me.follow(/GET \/api\/nowhere/)
    const dialog = page.getByRole('dialog')
    await dialog.getByText('File not found.').first().waitFor()
    await dialog.getByText('"requestId"').waitFor()
    assert.ok(!(await dialog.innerText()).includes('hush'), 'a secret is not shown')
    await page.reload()
    await dialog.getByText('All that is known').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.waitForURL((url) => !url.searchParams.has('entry'))
    await me.open('/_/logs?entry=nothing00000000')
    await me.reads('There is no such entry')
  }, { allows: /404/ })

  await step('an operator may be given the log alone', async () => {
    const bea = { email: 'bea@example.com', password: PASSWORD, passwordConfirm: PASSWORD }
    const { id } = await root.make('/api/collections/users/records', bea)
    const role = await root.make('/api/collections/_roles/records', { name: 'watcher', areas: ['logs:read'] })
    await root.make('/api/collections/_members/records', { role: role.id, collectionRef: 'users', recordRef: id })
    await me.open('/_/logs')
    await me.signOut()
    await me.signIn(bea.email, 'users')
    await me.sees('heading', 'Logs')
    await row(/GET \/api\/nowhere/).waitFor()
    const areas = await page.getByRole('navigation', { name: 'Areas' }).getByRole('link').allInnerTexts()
    assert.deepEqual(areas, ['Logs'])
  })
}
