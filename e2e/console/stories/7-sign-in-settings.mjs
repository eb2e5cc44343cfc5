// How the accounts of a collection sign in: everything is set up in the console, and looked at through the API.

import assert from 'node:assert/strict'

import { EMAIL, PASSWORD, program } from '../lib/person.mjs'

export default async function ({ page, server, step, me }) {
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  const definition = async () => (await root.ask('GET', '/api/collections/users')).body
  const methods = async () => (await program(server).ask('GET', '/api/collections/users/auth-methods')).body
  const way = (name) => page.getByRole('region', { name, exact: true })
  const turn = (name) => way(name).getByRole('switch', { name, exact: true })
  const wrong = (input) => input.and(page.locator('[aria-invalid=true]')).waitFor()

  await step('people can sign in with a code', async () => {
    await me.open('/_/collections/users/accounts')
    await turn('One-time password').check()
    await way('One-time password').getByLabel('A code is good for').fill('5')
    await me.press('Save')
    await wrong(way('One-time password').getByLabel('A code is good for'))
    await way('One-time password').getByLabel('A code is good for').fill('300')
    await way('One-time password').getByText('In seconds: that is 5 min.').waitFor()
    await way('One-time password').getByLabel('Digits').fill('6')
    await me.save()
    const { otp } = await definition()
    assert.deepEqual([otp.enabled, otp.duration, otp.length], [true, 300, 6])
  })

  await step('services are added; a problem is shown where it is', async () => {
    await turn('Other services (OAuth2)').check()
    const services = way('Other services (OAuth2)')
    await services.getByText(`${server.url}/api/oauth2-redirect`).waitFor()
    await services.getByLabel('Add a service').selectOption('GitHub')
    await services.getByRole('button', { name: 'Add', exact: true }).click()
    await me.press('Save')
    await wrong(services.getByLabel('Client ID'))
    await wrong(services.getByLabel('Client secret'))
    await services.getByLabel('Client ID').fill('Iv1.0123456789')
    await services.getByLabel('Client secret').fill('github secret')
    await me.save()
    const { oauth2 } = await definition()
    assert.equal(oauth2.enabled, true)
    assert.deepEqual(oauth2.providers.map(({ name, clientId, clientSecret }) => [name, clientId, clientSecret]), [
      ['github', 'Iv1.0123456789', undefined],
    ])
    assert.equal((await methods()).oauth2.providers[0].name, 'github')
  })

  await step("a company's own server is added, and the secret of the first stays", async () => {
    const services = way('Other services (OAuth2)')
    await services.getByLabel('Add a service').selectOption('OpenID Connect')
    await services.getByRole('button', { name: 'Add', exact: true }).click()
    await services.getByLabel('Client ID').fill('plinth')
    await services.getByLabel('Client secret').fill('oidc secret')
    await services.getByLabel('Issuer', { exact: true }).fill('nowhere')
    await me.press('Save')
    await wrong(services.getByLabel('Issuer', { exact: true }))
    await services.getByLabel('Issuer', { exact: true }).fill('https://id.example.org')
    await services.getByLabel('Name for people').fill('Company')
    await services.getByText('URLs of the service').click()
    await services.getByLabel('Issuers to accept').fill('https://id.example.org\n')
    await services.getByLabel('Name', { exact: true }).selectOption('name')
    await me.save()
    const { providers, mappedFields } = (await definition()).oauth2
    assert.deepEqual(providers.map(({ name }) => name), ['github', 'oidc'])
    assert.deepEqual(providers[1].extra, { issuer: 'https://id.example.org', issuers: ['https://id.example.org'] })
    assert.deepEqual([providers[1].displayName, mappedFields.name], ['Company', 'name'])
  })

  await step('a service is removed; the other keeps its secret', async () => {
    const services = way('Other services (OAuth2)')
    await services.getByRole('button', { name: 'Remove GitHub' }).click()
    await me.save()
    await page.reload()
    await services.getByRole('button', { name: 'Options of Company' }).click()
    assert.equal(await services.getByLabel('Client secret').inputValue(), '')
    await services.getByLabel('PKCE').selectOption('On')
    await me.save()
    const { providers } = (await definition()).oauth2
    assert.deepEqual(providers.map(({ name, pkce }) => [name, pkce]), [['oidc', true]])
  })

  await step('a second factor needs two ways in', async () => {
    await turn('Second factor').check()
    await way('Second factor').getByLabel('Only accounts that match').fill('verified = true')
    await turn('One-time password').uncheck()
    await turn('Other services (OAuth2)').uncheck()
    await way('Second factor').getByText('Turn on two ways to sign in').waitFor()
    await me.press('Save')
    await way('Second factor').locator('.field-error').waitFor()
    await turn('One-time password').check()
    await way('Second factor').getByText('Turn on two ways to sign in').waitFor({ state: 'detached' })
    await turn('Alert about new places').uncheck()
    await me.save()
    const { mfa, authAlert } = await definition()
    assert.deepEqual([mfa.enabled, mfa.rule, authAlert.enabled], [true, 'verified = true', false])
    assert.equal((await methods()).mfa.enabled, true)
  })

  await step('a mail is written, seen as it will be, and tried', async () => {
    const mail = page.locator('details', { hasText: '{OTP_ID}' })
    await mail.locator('summary').click()
    await mail.getByLabel('Subject').fill('Your code for {APP_NAME}')
    await mail.getByLabel('Body, in HTML').fill('<p>Dear {RECORD:email}, it is <b>{OTP}</b>.</p>')
    await mail.getByRole('button', { name: 'Preview' }).click()
    const frame = page.frameLocator('iframe')
    await frame.getByText('Dear ann@example.com, it is 123456.').waitFor()
    await mail.getByText('Your code for Acme').or(mail.getByText('Your code for Plinth')).first().waitFor()
    await me.save()
    await mail.locator('summary').click()
    await mail.getByRole('button', { name: 'Send a test mail' }).click()
    const dialog = page.getByRole('dialog', { name: 'Send a test mail' })
    await dialog.getByLabel('To', { exact: true }).fill('tester@example.com')
    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.waitFor({ state: 'detached' })
    const { items } = (await root.ask('GET', '/api/collections/_mails/records')).body
    assert.ok(items.some(({ to, subject }) => to === 'tester@example.com' && subject.startsWith('Your code for')), JSON.stringify(items))
  })

  await step('links and places of an account are seen and removed', async () => {
    const user = await root.make('/api/collections/users/records', { email: 'bea@example.com', password: PASSWORD, passwordConfirm: PASSWORD })
    const { id: collectionRef } = await definition()
    const own = { collectionRef, recordRef: user.id }
    await root.make('/api/collections/_externalAuths/records', { ...own, provider: 'github', providerId: '4711' })
    await root.make('/api/collections/_authOrigins/records', { ...own, fingerprint: '0123456789abcdef0123456789abcdef' })
    await me.open(`/_/collections/users?record=${user.id}`)
    const links = page.getByRole('region', { name: 'Links to other services' })
    await links.getByText('4711 there').waitFor()
    await links.getByRole('button', { name: 'Remove the link to github' }).click()
    await me.press('Remove the link')
    await links.getByText('Not linked to any service.').waitFor()
    const places = page.getByRole('region', { name: 'Places it has signed in from' })
    await places.getByRole('button', { name: 'Forget Place 01234567' }).click()
    await me.press('Forget it')
    await places.getByText('None is remembered.').waitFor()
    for (const of of ['_externalAuths', '_authOrigins']) {
      assert.equal((await root.ask('GET', `/api/collections/${of}/records?filter=recordRef="${user.id}"`)).body.totalItems, 0)
    }
  })

  await step('sessions of an account are seen, and ended', async () => {
    const refresh = (client) => client.ask('POST', '/api/collections/users/auth-refresh')
    const signIn = () => program(server).as('users', 'bea@example.com')
    const { items } = (await root.ask('GET', '/api/collections/users/records?filter=email="bea@example.com"')).body
    const clients = [await signIn(), await signIn()]
    await me.open(`/_/collections/users?record=${items[0].id}`)
    const sessions = page.getByRole('region', { name: 'Sessions' })
    await sessions.getByRole('listitem').nth(1).waitFor()
    await sessions.getByRole('button', { name: 'End the session of node' }).first().click()
    await me.press('End the session')
    await sessions.getByRole('listitem').nth(1).waitFor({ state: 'detached' })
    const statuses = (await Promise.all(clients.map(refresh))).map(({ status }) => status)
    assert.deepEqual(statuses.sort(), [200, 401])
    await signIn()
    await page.reload()
    await sessions.getByRole('button', { name: 'End all sessions' }).click()
    await page.getByRole('dialog', { name: 'End all 2 sessions?' }).getByRole('button', { name: 'End all sessions' }).click()
    await sessions.getByText('Not signed in anywhere.').waitFor()
    for (const client of clients) assert.equal((await refresh(client)).status, 401)
  })

  await step('who guesses has to wait, until that is lifted', async () => {
    const guess = () => program(server).ask('POST', '/api/collections/users/auth-with-password', { identity: 'bea@example.com', password: 'a guess' })
    let last
    for (let tries = 0; tries < 20 && last?.status !== 429; tries += 1) last = await guess()
    assert.equal(last.status, 429)
    await me.open('/_/settings')
    const row = page.getByRole('row', { name: /bea@example.com/ })
    await row.getByRole('button', { name: 'Lift' }).click()
    await row.first().waitFor({ state: 'detached' })
    assert.equal((await guess()).status, 400)
  })
}
