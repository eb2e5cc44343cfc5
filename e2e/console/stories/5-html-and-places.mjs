// HTML and places: their fields, their inputs, and how the table shows them.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const form = page.getByRole('dialog').first()

  await step('a collection gets fields for HTML and places, with their options', async () => {
    await me.open('/_/new-collection')
    await page.getByLabel('Name', { exact: true }).fill('trips')
    await me.addField('Text', 'title')
    await me.addField('HTML', 'story')
    await page.locator('.field-options').last().getByLabel('Most bytes').fill('2000')
    await me.addField('Geo point', 'place')
    await page.locator('.field-options').last().getByRole('switch', { name: 'Required' }).check()
    await me.press('Create')
    await me.isAt('/_/collections/trips')
    const { fields } = (await root.ask('GET', '/api/collections/trips')).body
    assert.equal(fields.find(({ name }) => name === 'story').maxSize, 2000)
    assert.equal(fields.find(({ name }) => name === 'place').type, 'geoPoint')
    await me.press('New record')
    await form.getByLabel('title').fill('Norway')
  })

  await step('HTML is looked at in a frame that runs and loads nothing', async () => {
    const asked = []
    page.on('request', (request) => asked.push(request))
    await form.getByRole('textbox', { name: 'story' }).fill('<h1>Rain</h1><p onclick="top.hit = 1">and <b>sun</b></p><img src="https://elsewhere.invalid/a.png"><script>top.hit = 1</script>')
    const story = form.getByRole('group', { name: 'Ways to see story' })
    await story.getByRole('button', { name: 'Preview' }).click()
    const frame = page.frameLocator('iframe[title="Preview of story"]')
    await frame.getByRole('heading', { name: 'Rain' }).waitFor()
    await frame.getByText('sun').click()
    assert.equal(await page.evaluate(() => window.hit), undefined)
    // The browser names what the page's policy kept it from asking for.
    const elsewhere = asked.filter((request) => !request.url().startsWith(server.url))
    assert.deepEqual(elsewhere.map((request) => request.failure()?.errorText), ['csp'])
    await story.getByRole('button', { name: 'HTML' }).click()
    assert.match(await form.getByRole('textbox', { name: 'story' }).inputValue(), /^<h1>Rain/)
  }, { allows: /Content Security Policy|Blocked script execution/ })

  await step('a place that is not on the Earth is said at its number; what is sent is what was written', async () => {
    const place = form.getByRole('group', { name: 'place', exact: true })
    await place.getByLabel('Longitude').fill('200')
    await place.getByText('It must be from -180 to 180.').waitFor()
    await place.getByLabel('Longitude').fill('5.32')
    await place.getByLabel('Latitude').fill('60.39')
    await form.getByRole('button', { name: 'Create' }).click()
    await form.waitFor({ state: 'detached' })
    const [trip] = (await root.ask('GET', '/api/collections/trips/records')).body.items
    assert.deepEqual(trip.place, { lon: 5.32, lat: 60.39 })
    assert.match(trip.story, /<b>sun<\/b>/)
    await page.getByRole('row', { name: /Norway/ }).getByText('5.32, 60.39').waitFor()
  })

  await step('what only the server says is shown at the field', async () => {
    await page.getByRole('cell', { name: 'Norway' }).click()
    await form.getByLabel('title').waitFor()
    await form.getByRole('textbox', { name: 'story' }).fill('x'.repeat(2001))
    await form.getByLabel('Longitude').fill('')
    await form.getByLabel('Latitude').fill('')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByRole('group', { name: 'place', exact: true }).getByText('Cannot be blank.').waitFor()
    await form.getByText(/maximum allowed content size/).waitFor()
  })
}
