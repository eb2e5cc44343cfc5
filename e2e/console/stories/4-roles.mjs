// A role is granted to who was denied; what roles say is shown, and by which line somebody is allowed; operators see
// their areas.

import assert from 'node:assert/strict'

import { EMAIL, PASSWORD, program } from '../lib/person.mjs'

export const onBothEngines = true

const NOTES = '/api/collections/notes/records'

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const users = (await root.ask('GET', '/api/collections/users')).body
  const account = (name) =>
    root.make('/api/collections/users/records', { name, email: `${name}@example.com`, password: PASSWORD, passwordConfirm: PASSWORD })
  const people = { eve: await account('eve'), bob: await account('bob'), zoe: await account('zoe') }
  await root.make('/api/collections', {
    name: 'notes',
    type: 'base',
    listRule: 'owner = @request.auth.id',
    fields: [
      { type: 'text', name: 'title', presentable: true }, { type: 'bool', name: 'done' },
      { type: 'relation', name: 'owner', collectionId: users.id, maxSelect: 1 },
    ],
  })
  await root.make('/api/collections', { name: 'plans', type: 'base', fields: [{ type: 'text', name: 'title' }] })
  const mine = await root.make(NOTES, { title: 'Water the plants', owner: people.eve.id })
  const other = await root.make(NOTES, { title: 'Feed the cat', done: true, owner: people.bob.id })
  const eve = await program(server).as('users', 'eve@example.com')
  const titles = async () => {
    const { status, body } = await eve.ask('GET', NOTES)
    return status === 200 ? body.items.map((item) => item.title).sort() : status
  }
  const cell = (action, collection) => page.getByRole('button', { name: new RegExp(`^${action} · ${collection}: `) })
  const dialog = page.getByRole('dialog')
  const closed = () => dialog.waitFor({ state: 'detached' })

  await step('an account is denied by a rule', async () => {
    assert.deepEqual(await titles(), ['Water the plants'])
    assert.equal((await eve.ask('PATCH', `${NOTES}/${other.id}`, { done: false })).status, 403)
  })

  await step('the built-in roles are listed, and have no members to choose', async () => {
    await me.follow('Roles')
    await page.getByRole('row', { name: /@guest.*built in/ }).waitFor()
    await page.getByRole('row', { name: /@user.*built in/ }).waitFor()
    await me.follow('@superuser')
    await me.reads('Superusers may do everything')
    await me.follow('Members')
    await me.reads('This role has its members by itself')
    assert.equal(await page.getByRole('button', { name: 'More' }).count(), 0)
  })

  await step('a new role: a name that another has is refused at its field', async () => {
    await root.make('/api/collections/_roles/records', { name: 'reader', description: 'Reads everything.' })
    await me.follow('Roles')
    await me.follow('New role')
    const name = page.getByRole('textbox', { name: 'Name' })
    await name.fill('reader')
    await me.press('Create')
    await name.and(page.locator('[aria-invalid=true]')).waitFor()
    await name.fill('keeper')
    await page.getByRole('textbox', { name: 'Description' }).fill('Looks after notes.')
    await page.getByRole('checkbox', { name: /^reader/ }).check()
    await me.press('Create')
    await page.waitForURL(/\/_\/roles\/[a-z0-9]{15}\/permissions$/)
    await me.sees('heading', 'keeper')
  })
  const keeper = page.url().match(/roles\/(\w+)\//)[1]
  const reader = (await root.ask('GET', '/api/collections/_roles/records?filter=name="reader"')).body.items[0]

  await step('a circle of parents is refused at its field', async () => {
    await me.open(`/_/roles/${reader.id}/settings`)
    await page.getByRole('checkbox', { name: /^keeper/ }).check()
    await me.press('Save')
    const parents = page.getByRole('group', { name: 'Parents' })
    await parents.getByText('One of the parents has this role above it.').waitFor()
    await me.press('Discard')
    assert.equal(await page.getByRole('checkbox', { name: /^keeper/ }).isChecked(), false)
  })

  await step('a condition is checked while it is typed, and a permission is saved', async () => {
    await me.open(`/_/roles/${keeper}/permissions`)
    await cell('Update', 'notes').click()
    await dialog.getByRole('checkbox', { name: 'Update' }).and(page.locator(':checked')).waitFor()
    await dialog.getByRole('checkbox', { name: 'List' }).check()
    const condition = dialog.getByLabel('Condition')
    await condition.fill('nothing = 1')
    await me.reads(/unknown field "nothing"/)
    await condition.fill('done = true')
    await page.getByText(/unknown field "nothing"/).waitFor({ state: 'detached' })
    await me.press('Save')
    await closed()
    await page.getByRole('button', { name: 'Update · notes: allow, where done = true' }).waitFor()
    await page.getByRole('button', { name: 'List · notes: allow, where done = true' }).waitFor()
  })

  await step('a member is found by its address and added', async () => {
    await me.follow('Members')
    await me.reads('Nobody has this role yet')
    assert.deepEqual(await titles(), ['Water the plants'])
    await me.press('Add a member')
    await dialog.getByPlaceholder('Find a record').fill('eve@')
    await dialog.getByRole('button', { name: /^bob/ }).waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: /^eve@example.com/ }).click()
    await me.reads('eve@example.com has the role')
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('row', { name: /eve@example.com.*users/ }).waitFor()
  })

  await step('who was denied is allowed, from the next request on', async () => {
    assert.deepEqual(await titles(), ['Feed the cat', 'Water the plants'])
    assert.equal((await eve.ask('PATCH', `${NOTES}/${other.id}`, { title: 'Feed the cats' })).status, 200)
    assert.equal((await eve.ask('PATCH', `${NOTES}/${mine.id}`, { title: 'x' })).status, 404)
  })

  await step('the matrix is walked by the arrows; what parents say is shown with where it is from', async () => {
    await me.open(`/_/roles/${reader.id}/permissions`)
    await cell('View', 'All collections').click()
    await me.press('Save')
    await closed()
    await me.open(`/_/roles/${keeper}/permissions`)
    await page.getByRole('button', { name: 'View · notes: allow, from reader' }).waitFor()
    await cell('View', 'All collections').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowRight')
    assert.match(await page.evaluate(() => document.activeElement.title), /^Create · notes: /)
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Enter')
    await dialog.getByRole('link', { name: 'To its role' }).waitFor()
    await page.keyboard.press('Escape')
    await closed()
    await page.waitForFunction(() => document.activeElement.title.startsWith('View · notes'))
    await cell('View', 'notes').click()
    await dialog.getByRole('link', { name: 'To its role' }).click()
    await page.waitForURL(new RegExp(`/roles/${reader.id}/permissions\\?permission=`))
    await dialog.getByRole('heading', { name: 'Permission · All collections' }).waitFor()
    await page.keyboard.press('Escape')
    await closed()
  })

  await step('denying wins, and hides fields', async () => {
    await me.open(`/_/roles/${keeper}/permissions`)
    await cell('List', 'notes').click()
    await me.press('Another one')
    await dialog.getByRole('heading', { name: 'New permission · notes' }).waitFor()
    await dialog.getByRole('radio', { name: 'Deny' }).check()
    await dialog.getByRole('checkbox', { name: 'title' }).check()
    await me.press('Save')
    await closed()
    await page.getByRole('button', { name: 'List · notes: allow, where done = true; deny, fields title' }).waitFor()
    assert.deepEqual((await eve.ask('GET', NOTES)).body.items.map((item) => 'title' in item), [false, false])
    await cell('List', 'notes').click()
    await dialog.getByRole('listitem').filter({ hasText: 'deny' }).getByRole('button', { name: 'Edit' }).click()
    await dialog.getByRole('heading', { name: 'Permission · notes' }).waitFor()
    await me.press('Delete')
    await closed()
    await page.getByRole('button', { name: 'List · notes: allow, where done = true', exact: true }).waitFor()
    assert.deepEqual(await titles(), ['Feed the cats', 'Water the plants'])
  })

  await step('access is checked, with the line that decides', async () => {
    await me.follow('Roles')
    await me.follow('Check access')
    await me.reads('Who, and with which collection?')
    await page.getByLabel('With records of').selectOption({ label: 'notes' })
    await me.reads('It depends on the record')
    await page.getByLabel('Who', { exact: true }).selectOption({ label: 'Account of users' })
    await page.getByText('Choose…', { exact: true }).first().click()
    await dialog.getByRole('button', { name: /^eve@example.com/ }).click()
    await page.getByLabel('Does what').selectOption({ label: 'Update' })
    await page.getByText('Choose…', { exact: true }).last().click()
    await dialog.getByRole('button', { name: /^Feed the cats/ }).click()
    await me.sees('heading', 'Allowed')
    await me.reads('A permission of the role keeper allows it where this holds:')
    await me.reads('done = true')
    const link = page.url()
    await me.follow('To the permission')
    await dialog.getByRole('heading', { name: 'Permission · notes' }).waitFor()
    await page.goto(link.replace(other.id, mine.id))
    await me.sees('heading', 'Denied')
    await me.reads('is locked, and no permission allows it')
    await me.follow('To the rules')
    await me.isAt('/_/collections/notes/rules')
  })

  await step('an operator sees one area, reads it, and is told kindly of the others', async () => {
    await me.open('/_/new-role')
    await page.getByRole('textbox', { name: 'Name' }).fill('watcher')
    await page.getByRole('checkbox', { name: 'Look at collections and their rules' }).check()
    await me.press('Create')
    await me.follow('Members')
    await me.press('Add a member')
    await dialog.getByRole('button', { name: /^zoe@example.com/ }).click()
    await me.reads('zoe@example.com has the role')
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await closed()
    await me.signOut()
    await me.open('/_/sign-in')
    await me.signIn('zoe@example.com', 'users')
    await me.isAt('/_/collections')
    const areas = page.getByRole('navigation', { name: 'Areas' })
    for (const area of ['Overview', 'Roles', 'Jobs', 'Mails']) {
      assert.equal(await areas.getByRole('link', { name: area, exact: true }).count(), 0, area)
    }
    await page.getByRole('row', { name: /notes/ }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'New collection' }).count(), 0)
    for (const part of ['fields', 'rules', 'indexes']) {
      await me.open(`/_/collections/notes/${part}`)
      await me.sees('heading', 'notes')
      assert.equal(await page.getByRole('main').getByRole('button').and(page.locator(':enabled:visible')).count(), 0, part)
    }
    await me.open('/_/collections/plans')
    await me.reads('The records are not for your account')
    await me.open('/_/collections/notes')
    await me.reads('No records yet')
    assert.equal(await page.getByRole('button', { name: 'New record' }).count(), 0)
    for (const path of ['roles', 'roles/check', 'new-role', 'jobs', 'mails', 'new-collection']) {
      await me.open(`/_/${path}`)
      await me.reads('This page is not for your account')
    }
    await me.follow('Go to what you may see')
    await me.isAt('/_/collections')
  })

  await step('who loses the role loses what it allows; a role is deleted with what it says', async () => {
    await me.signOut()
    await page.getByLabel('As', { exact: true }).selectOption('_superusers')
    await me.signIn()
    await me.open(`/_/roles/${keeper}/members`)
    await me.press('Take the role away from eve@example.com')
    await me.press('Take the role away')
    await me.reads('Nobody has this role yet')
    assert.deepEqual(await titles(), ['Water the plants'])
    await me.choose('More', 'Delete the role')
    await me.press('Delete')
    await me.isAt('/_/roles')
    await page.getByRole('row', { name: /keeper/ }).waitFor({ state: 'detached' })
    const left = await root.ask('GET', `/api/collections/_permissions/records?filter=role="${keeper}"`)
    assert.deepEqual([left.status, left.body.totalItems], [200, 0])
  })
}
