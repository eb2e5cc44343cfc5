// What the screens of roles show, and these screens.

import { PASSWORD } from './person.mjs'

export async function fillRoles(root) {
  const role = (body) => root.make('/api/collections/_roles/records', body)
  const permit = (body) => root.make('/api/collections/_permissions/records', { effect: 'allow', ...body })
  const reader = await role({ name: 'reader', description: 'Reads everything that there is.' })
  const editor = await role({ name: 'editor', description: 'Writes posts, and looks after those of others.', parents: [reader.id] })
  const desk = await role({ name: 'desk', description: 'Keeps the magazine running.', areas: ['collections:read', 'jobs:write', 'mails:read'] })
  await role({ name: 'chief', description: 'Answers for all of it.', parents: [editor.id, desk.id], areas: ['roles:read', 'metrics:read'] })
  await permit({ role: reader.id, collection: '*', actions: ['list', 'view'] })
  await permit({ role: editor.id, collection: 'posts', actions: ['create', 'update'], condition: 'author = @request.auth.id' })
  await permit({ role: editor.id, collection: 'posts', actions: ['update', 'delete'], effect: 'deny', condition: 'published = true' })
  await permit({ role: editor.id, collection: 'users', actions: ['list', 'view'], effect: 'deny', fields: ['email'] })
  await permit({ role: editor.id, collection: 'tags', actions: ['list', 'view', 'create', 'update', 'delete'] })
  const people = (await root.ask('GET', '/api/collections/users/records?sort=name')).body.items
  const join = (role, { id }) => root.make('/api/collections/_members/records', { role: role.id, collectionRef: 'users', recordRef: id })
  for (const person of people.slice(0, 4)) await join(editor, person)
  await root.make('/api/collections/users/records', { name: 'Desk', email: 'desk@example.com', password: PASSWORD, passwordConfirm: PASSWORD })
  await join(desk, (await root.ask('GET', '/api/collections/users/records?filter=name="Desk"')).body.items[0])
}

const openRole = async ({ page, me }, name, part) => {
  await page.getByRole('row', { name: new RegExp(`^${name} `) }).getByRole('link', { name, exact: true }).click()
  await me.sees('heading', name)
  if (part) await me.follow(part)
}
const press = (page, name) => page.getByRole('button', { name }).click()
const path = '/_/roles'

export const roleScreens = [
  { name: 'roles', path, arrive: ({ page }) => page.getByRole('row', { name: /editor .*reader 4 4/ }).waitFor() },
  { name: 'role-new', path: '/_/new-role', arrive: ({ me }) => me.sees('checkbox', /^editor/) },
  { name: 'role-permissions', path, arrive: (screen) => openRole(screen, 'editor') },
  {
    name: 'role-cell',
    path,
    async arrive(screen) {
      await openRole(screen, 'chief')
      await press(screen.page, /^Update · posts/)
      await screen.me.sees('dialog', 'Update · posts')
    },
  },
  {
    name: 'role-permission',
    path,
    async arrive(screen) {
      const { page, me } = screen
      await openRole(screen, 'editor')
      await press(page, /^Create · posts/)
      await page.getByLabel('Condition').fill('writer = @request.auth.id')
      await me.reads(/unknown field/)
    },
  },
  {
    name: 'role-members',
    path,
    async arrive(screen) {
      await openRole(screen, 'editor', 'Members')
      await screen.me.reads('4 in all')
    },
  },
  {
    name: 'role-members-add',
    path,
    async arrive(screen) {
      await openRole(screen, 'chief', 'Members')
      await screen.me.reads('Nobody has this role yet')
      await screen.me.press('Add a member')
      await screen.me.sees('button', /^grace@example.com/)
    },
  },
  {
    name: 'role-members-built-in',
    path,
    async arrive(screen) {
      await openRole(screen, '@user', 'Members')
      await screen.me.reads('This role has its members by itself')
    },
  },
  { name: 'role-settings', path, arrive: (screen) => openRole(screen, 'chief', 'Settings') },
  {
    name: 'role-delete',
    path,
    async arrive(screen) {
      await openRole(screen, 'editor')
      await screen.me.choose('More', 'Delete the role')
      await screen.me.sees('dialog', 'Delete editor?')
    },
  },
  { name: 'access', path: '/_/roles/check', arrive: ({ me }) => me.reads('Who, and with which collection?') },
  {
    name: 'access-guest',
    path: '/_/roles/check?action=list',
    async arrive({ page, me }) {
      await page.getByLabel('With records of').selectOption({ label: 'posts' })
      await me.sees('heading', 'It depends on the record')
    },
  },
  {
    name: 'access-denied',
    path: '/_/roles/check?action=update',
    async arrive({ page, me }) {
      const dialog = page.getByRole('dialog')
      await page.getByLabel('Who', { exact: true }).selectOption({ label: 'Account of users' })
      await page.getByText('Choose…', { exact: true }).first().click()
      await dialog.getByPlaceholder('Find a record').fill('ada@')
      await dialog.getByRole('button', { name: /^ada@example.com/ }).click()
      await page.getByLabel('With records of').selectOption({ label: 'posts' })
      await page.getByText('Choose…', { exact: true }).last().click()
      await dialog.getByPlaceholder('Find a record').fill('tides')
      await dialog.getByRole('button', { name: /^How tides are predicted/ }).last().click()
      await me.sees('heading', 'Denied')
    },
  },
]
