// An application of PocketBase moves in: its superuser opens it, finds everything, and goes on with it.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'
import { moveIn } from '../lib/pocketbase.mjs'

export const onBothEngines = true
export const prepare = moveIn

const SYSTEM = ['_authOrigins', '_externalAuths', '_mfas', '_otps', '_superusers']

export default async function ({ page, server, step, me }) {
  const form = page.getByRole('dialog').first()
  const areas = page.getByRole('navigation', { name: 'Areas' })
  let root

  await step('the superuser signs in as before, and finds the collections, those of the system apart', async () => {
    root = await program(server).as('_superusers', EMAIL)
    await me.open('/_/')
    await me.signIn()
    for (const name of ['trails', 'users', 'walkers']) await areas.getByRole('link', { name, exact: true }).waitFor()
    assert.equal(await areas.getByRole('link', { name: '_superusers' }).count(), 0)
    await areas.getByText('System', { exact: true }).click()
    for (const name of SYSTEM) await areas.getByRole('link', { name, exact: true }).waitFor()
  })

  await step('records are there with all of their values, and are changed', async () => {
    await areas.getByRole('link', { name: 'trails', exact: true }).click()
    await page.getByRole('row', { name: /Nothing but a name/ }).waitFor()
    await me.sees('cell', 'Up early.')
    await page.waitForFunction(() => document.querySelector('tbody img')?.naturalWidth === 100)
    await page.getByRole('cell', { name: 'Along the ridge' }).click()
    const value = (label) => form.getByLabel(label, { exact: true }).inputValue()
    await form.getByLabel('title', { exact: true }).waitFor()
    assert.equal(await value('story'), '<p>Up <strong>early</strong>.</p>')
    assert.deepEqual([await value('Longitude'), await value('Latitude')], ['15.44', '47.07'])
    assert.equal(await value('length'), '12.5')
    assert.deepEqual(JSON.parse(await value('facts')), { huts: ['Schöckl'], steep: null })
    await form.getByText('Bea', { exact: true }).waitFor()
    await form.getByRole('link', { name: /^ridge_/ }).waitFor()
    const permit = await form.getByRole('link', { name: /^permit_/ }).getAttribute('href')
    assert.equal(await (await fetch(permit)).text(), 'number 7')
    await form.getByLabel('title', { exact: true }).fill('Along the long ridge')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    const { items } = (await root.ask('GET', '/api/collections/trails/records?filter=length=12.5')).body
    assert.equal(items[0].title, 'Along the long ridge')
    assert.equal(items[0].photos.length, 1)
  })

  await step('a definition is changed, and keeps the rest', async () => {
    const before = (await root.ask('GET', '/api/collections/users')).body
    assert.equal(before.otp.enabled, true)
    await me.open('/_/collections/users/rules')
    await page.getByRole('textbox', { name: 'List', exact: true }).fill('verified = true')
    await me.save()
    const after = (await root.ask('GET', '/api/collections/users')).body
    assert.deepEqual({ ...after, updated: '' }, { ...before, listRule: 'verified = true', updated: '' })
    await me.open('/_/collections/users/accounts')
    await page.getByRole('switch', { name: 'One-time password', exact: true }).and(page.locator(':checked')).waitFor()
    await me.open('/_/collections/trails/indexes')
    assert.match(await page.getByRole('textbox', { name: 'Index 1' }).inputValue(), /idx_trails_title/)
  })

  await step('a view shows what it finds, its files too, and nothing to change', async () => {
    await areas.getByRole('link', { name: 'walkers', exact: true }).click()
    await page.getByRole('row', { name: /Bea/ }).waitFor()
    await page.waitForFunction(() => document.querySelector('tbody img')?.naturalWidth === 100)
    assert.equal(await page.getByRole('checkbox').count(), 0)
    await page.getByRole('cell', { name: 'Bea', exact: true }).click()
    await form.getByRole('link', { name: /^bea_/ }).waitFor()
    assert.equal(await form.getByRole('button', { name: 'Save' }).count(), 0)
    await form.getByRole('button', { name: 'Close' }).last().click()
    await me.follow('Query')
    await me.sees('cell', 'Bea')
  })

  await step('every other page opens', async () => {
    for (const name of SYSTEM) {
      for (const part of ['', '/fields', '/rules', '/indexes']) {
        await me.open(`/_/collections/${name}${part}`)
        await me.sees('heading', name)
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        assert.equal(await page.getByText('Nothing is here').count(), 0, name + part)
      }
    }
    await me.open('/_/collections/_externalAuths')
    await me.sees('cell', 'google')
    for (const name of ['Overview', 'Roles', 'Jobs', 'Mails', 'Logs', 'Settings']) {
      await me.follow(name)
      await me.sees('heading', name)
    }
    await page.waitForFunction(() => [...document.querySelectorAll('input')].some((input) => input.value === 'Trail notes'))
  })
}
