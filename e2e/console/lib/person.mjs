// What people do in every story, and what programs do beside them.

import assert from 'node:assert/strict'

export const EMAIL = 'ann@example.com'
export const PASSWORD = 'correct horse'

export function person(page, server) {
  const me = {
    // Opens an address of the console.
    async open(path) {
      await page.goto(`${server.url}${path}`)
    },

    // First run, by the link that the server printed.
    async setUp() {
      await page.goto(server.link)
      await page.getByLabel('E-mail address').fill(EMAIL)
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await page.getByLabel('The password again').fill(PASSWORD)
      await page.getByRole('button', { name: 'Create and sign in' }).click()
      await page.locator('#content').waitFor()
    },

    async signIn(identity = EMAIL, collection) {
      await page.getByLabel('E-mail address or user name').fill(identity)
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      if (collection) {
        await page.getByLabel('As', { exact: true }).selectOption('')
        await page.getByLabel('Collection', { exact: true }).fill(collection)
      }
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.locator('#content').waitFor()
    },

    async signOut() {
      await me.press(/^Account:/)
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await me.sees('heading', 'Sign in to Plinth')
    },

    // Waits for something with this role and name.
    async sees(role, name) {
      await page.getByRole(role, { name, exact: typeof name === 'string' }).first().waitFor()
    },

    async reads(text) {
      await page.getByText(text).first().waitFor()
    },

    // Saves a definition, and waits until it is saved.
    async save() {
      await me.press('Save')
      await page.getByText('Unsaved changes').waitFor({ state: 'detached' })
    },

    async press(name) {
      await page.getByRole('button', { name, exact: typeof name === 'string' }).last().click()
    },

    async follow(name) {
      await page.getByRole('link', { name, exact: true }).first().click()
    },

    async choose(menu, item) {
      await me.press(menu)
      await page.getByRole('menuitem', { name: item, exact: true }).click()
    },

    // Adds a field of this type to the definition that is open, with a name of its own.
    async addField(type, name) {
      await me.choose('Add a field', type)
      const input = page.locator('.field-row input:focus.field-name')
      await input.waitFor()
      await input.fill(name)
    },

    // The path of the page.
    at: () => new URL(page.url()).pathname,

    async isAt(path) {
      await page.waitForURL((url) => url.pathname === path)
    },
  }
  return me
}

// A program that uses the API.
export function program(server, token = '') {
  const ask = async (method, path, body) => {
    // A form has its files with it, and says so itself.
    const isForm = body instanceof FormData
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: token, ...(body && !isForm && { 'content-type': 'application/json' }) },
      body: isForm ? body : body && JSON.stringify(body),
    })
    const text = await answer.text()
    return { status: answer.status, body: text ? JSON.parse(text) : undefined }
  }
  return {
    ask,
    // Signed in as an account.
    async as(collection, identity, password = PASSWORD) {
      const { status, body } = await ask('POST', `/api/collections/${collection}/auth-with-password`, { identity, password })
      assert.equal(status, 200, JSON.stringify(body))
      return program(server, body.token)
    },
    // What is made has to be made.
    async make(path, body) {
      const answer = await ask('POST', path, body)
      assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`)
      return answer.body
    },
  }
}
