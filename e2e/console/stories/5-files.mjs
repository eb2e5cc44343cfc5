// Files: their fields, their inputs, and how the table shows them.

import assert from 'node:assert/strict'

import { EMAIL, program } from '../lib/person.mjs'
import { png } from '../lib/pictures.mjs'

const RED = png([190, 40, 30], [250, 190, 120])
const BLUE = png([20, 60, 150], [140, 210, 240])

export const onBothEngines = true

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const form = page.getByRole('dialog').first()
  const trips = async (filter = '') => (await root.ask('GET', `/api/collections/trips/records?filter=${encodeURIComponent(filter)}`)).body.items
  const input = (field) => form.getByRole('group', { name: field, exact: true }).locator('input[type=file]')
  const file = (name, mimeType, buffer) => ({ name, mimeType, buffer: Buffer.from(buffer) })

  await step('a collection gets fields for files, with their options', async () => {
    await me.open('/_/new-collection')
    await page.getByLabel('Name', { exact: true }).fill('trips')
    await me.addField('Text', 'title')
    await me.addField('File', 'photos')
    const options = page.locator('.field-options').last()
    await options.getByLabel('Most at once').fill('3')
    await options.getByLabel('Most bytes').fill('100000')
    await options.getByLabel('Only these types').fill('image/png\nimage/jpeg')
    await options.getByLabel('Small pictures').fill('0x40')
    await me.addField('File', 'ticket')
    await page.locator('.field-options').last().getByRole('switch', { name: 'Protected' }).check()
    await me.press('Create')
    await me.isAt('/_/collections/trips')
    const { fields } = (await root.ask('GET', '/api/collections/trips')).body
    const one = (name) => fields.find((field) => field.name === name)
    assert.deepEqual(
      { ...one('photos'), id: '' },
      { ...one('photos'), id: '', type: 'file', maxSelect: 3, maxSize: 100_000, mimeTypes: ['image/png', 'image/jpeg'], thumbs: ['0x40'], protected: false },
    )
    assert.equal(one('ticket').protected, true)
  })

  await step('what a field does not take is said before anything is sent', async () => {
    await me.press('New record')
    await form.getByLabel('title').fill('Norway')
    await form.getByText('Up to 3 files, each of at most 97.7 KB. Only image/png, image/jpeg.').waitFor()
    await input('photos').setInputFiles([file('notes.txt', 'text/plain', 'notes')])
    await form.getByText('notes.txt is of a type that the field does not take.').waitFor()
    await input('photos').setInputFiles([file('large.png', 'image/png', Buffer.alloc(100_001))])
    await form.getByText('large.png is larger than 97.7 KB.').waitFor()
    assert.equal(await form.locator('.file').count(), 0)
  })

  await step('several are chosen or dropped, with a picture of each; one is taken out again', async () => {
    await input('photos').setInputFiles([file('fjord.png', 'image/png', RED), file('ferry.png', 'image/png', BLUE)])
    await form.getByText('ferry.png').waitFor()
    const dropped = await page.evaluateHandle((bytes) => {
      const data = new DataTransfer()
      data.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }))
      return data
    }, [...RED])
    await form.locator('.drop').first().dispatchEvent('drop', { dataTransfer: dropped })
    await form.getByText('dropped.png').waitFor()
    await page.waitForFunction(() => {
      const pictures = [...document.querySelectorAll('.file img')]
      return pictures.length === 3 && pictures.every((picture) => picture.naturalWidth === 240)
    })
    await input('photos').setInputFiles([file('fourth.png', 'image/png', RED)])
    await form.getByText('At most 3 files.').waitFor()
    await form.getByRole('button', { name: 'Remove ferry.png' }).click()
    await input('ticket').setInputFiles([file('ticket.txt', 'text/plain', 'seat 7')])
  })

  await step('what is sent is what was chosen', async () => {
    let arrives
    const held = new Promise((resolve) => (arrives = resolve))
    await page.route('**/api/collections/trips/records', (route) => held.then(() => route.continue()), { times: 1 })
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByText(/^Sending files, \d\S* KB…$/).waitFor()
    arrives()
    await form.waitFor({ state: 'detached' })
    const [trip] = await trips()
    assert.deepEqual(trip.photos.map((name) => name.replace(/_\w{10}\./, '.')), ['fjord.png', 'dropped.png'])
    assert.match(trip.ticket, /^ticket_\w{10}\.txt$/)
  })

  await step('the table shows small pictures, and leads to the files; a protected one by a token', async () => {
    const row = page.getByRole('row', { name: /Norway/ })
    await page.waitForFunction(() => {
      const pictures = [...document.querySelectorAll('tbody img')]
      return pictures.length === 2 && pictures.every((picture) => picture.naturalWidth === 100)
    })
    const link = row.getByRole('link', { name: /^ticket_/ })
    const url = await link.getAttribute('href')
    assert.equal(await (await fetch(url)).text(), 'seat 7')
    assert.equal((await fetch(url.split('?')[0])).status, 404)
  })

  await step('one file is removed and one added, the others stay in their order; another takes a single one’s place', async () => {
    const [before] = await trips()
    await page.getByRole('cell', { name: 'Norway' }).click()
    await form.getByRole('button', { name: /^Remove fjord_/ }).click()
    await input('photos').setInputFiles([file('last.png', 'image/png', BLUE)])
    await input('ticket').setInputFiles([file('return.txt', 'text/plain', 'seat 8')])
    await form.getByText('It takes the place of the one that is there.').waitFor()
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    const [after] = await trips()
    assert.equal(after.photos.length, 2)
    assert.equal(after.photos[0], before.photos[1])
    assert.match(after.photos[1], /^last_/)
    assert.match(after.ticket, /^return_/)
    const gone = await fetch(`${server.url}/api/files/trips/${after.id}/${before.photos[0]}`)
    assert.equal(gone.status, 404)
  })

  await step('what only the server can see is said at the field, and nothing is lost', async () => {
    await page.getByRole('cell', { name: 'Norway' }).click()
    await input('photos').setInputFiles([file('not-really.png', 'image/png', 'no picture')])
    await form.getByLabel('title').fill('Norway again')
    await form.getByRole('button', { name: 'Save' }).click()
    const photos = form.getByRole('group', { name: 'photos', exact: true })
    await photos.getByText(/mime type must be one of/).waitFor()
    await form.getByRole('button', { name: 'Remove not-really.png' }).click()
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
    assert.equal((await trips('title = "Norway again"'))[0].photos.length, 2)
  })

  await step('all of it can be done by keyboard', async () => {
    await page.getByRole('cell', { name: 'Norway again' }).click()
    await form.getByLabel('title').waitFor()
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), input('photos').press('Space')])
    await chooser.setFiles([file('by-key.png', 'image/png', RED)])
    await form.getByText('by-key.png').waitFor()
    await form.getByRole('button', { name: 'Remove by-key.png' }).focus()
    await page.keyboard.press('Enter')
    await form.getByText('by-key.png').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await form.waitFor({ state: 'detached' })
  })
}
