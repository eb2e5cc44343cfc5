// Files: their samples, and the screens that show them.

import { png } from './pictures.mjs'

const PLACES = [
  ['Bergen', [[38, 70, 120], [170, 205, 225]]],
  ['Graz', [[140, 50, 35], [240, 190, 130]]],
  ['Porto', [[60, 100, 60], [225, 215, 140]]],
  ['Kyoto', [[110, 50, 100], [240, 180, 190]]],
]

export async function fillFiles(root) {
  const field = (type, name, options) => ({ type, name, ...options })
  await root.make('/api/collections', {
    name: 'places',
    type: 'base',
    fields: [
      field('text', 'name', { required: true, presentable: true }), field('file', 'photos', { maxSelect: 4, mimeTypes: ['image/png', 'image/jpeg'] }),
      field('file', 'contract', { protected: true, help: 'Signed, as a PDF.' }),
      field('autodate', 'created', { onCreate: true }),
    ],
  })
  for (const [name, [dark, light]] of PLACES) {
    const form = new FormData()
    form.set('@jsonPayload', JSON.stringify({ name }))
    form.append('photos', new Blob([png(dark, light)], { type: 'image/png' }), 'morning.png')
    form.append('photos', new Blob([png(light, dark)], { type: 'image/png' }), 'evening.png')
    form.append('contract', new Blob(['%PDF-1.4 nothing to see']), `contract-${name}.pdf`)
    await root.make('/api/collections/places/records', form)
  }
}

// A place in its form.
const open = async ({ page }, name) => {
  await page.getByRole('cell', { name, exact: true }).click()
  await page.getByRole('dialog').getByLabel('name').waitFor()
}

export const fileScreens = [
  {
    name: 'records-files',
    path: '/_/collections/places',
    arrive: ({ page }) => page.waitForFunction(() => [...document.querySelectorAll('tbody img')].some((picture) => picture.naturalWidth > 0)),
  },
  { name: 'record-files', path: '/_/collections/places', arrive: (screen) => open(screen, 'Bergen') },
  {
    name: 'record-files-new',
    path: '/_/collections/places',
    async arrive(screen) {
      await open(screen, 'Graz')
      const input = screen.page.getByRole('group', { name: 'photos', exact: true }).locator('input[type=file]')
      await input.setInputFiles([
        { name: 'from-the-hill.png', mimeType: 'image/png', buffer: png([20, 20, 60], [220, 120, 60]) },
        { name: 'a-list-of-everything-that-was-seen.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') },
      ])
      await screen.me.reads(/is of a type that the field does not take/)
    },
  },
  {
    name: 'collection-files-options',
    path: '/_/collections/places/fields',
    arrive: ({ page }) => page.getByRole('button', { name: 'Options of the field' }).nth(2).click(),
  },
]
