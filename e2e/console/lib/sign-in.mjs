// The screens of how accounts sign in.

const turn = (page, name) => page.getByRole('switch', { name, exact: true })

export const signInScreens = [
  { name: 'collection-accounts', path: '/_/collections/users/accounts', arrive: ({ me }) => me.sees('heading', 'Tokens') },
  {
    name: 'collection-accounts-services',
    path: '/_/collections/users/accounts',
    async arrive({ page, me }) {
      await turn(page, 'Other services (OAuth2)').check()
      for (const service of ['GitHub', 'OpenID Connect']) {
        await page.getByLabel('Add a service').selectOption(service)
        await me.press('Add')
      }
      await page.getByRole('button', { name: 'Options of OpenID Connect' }).waitFor()
      await page.getByRole('heading', { name: 'Redirect URL' }).scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'collection-accounts-wrong',
    path: '/_/collections/users/accounts',
    async arrive({ page, me }) {
      await turn(page, 'Second factor').check()
      await me.press('Save')
      await page.locator('.field-error').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'collection-accounts-mail',
    path: '/_/collections/users/accounts',
    async arrive({ page }) {
      const mail = page.locator('details', { hasText: '{OTP_ID}' })
      await mail.locator('summary').click()
      await mail.getByRole('button', { name: 'Preview' }).click()
      await mail.locator('iframe').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'account',
    path: '/_/collections/users',
    async arrive({ page }) {
      await page.getByRole('cell', { name: 'ada@example.com' }).click()
      await page.getByRole('heading', { name: 'Links to other services' }).scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'settings-delays',
    path: '/_/settings',
    async arrive({ page, root }) {
      await guess(root)
      await page.getByRole('button', { name: 'Lift' }).first().scrollIntoViewIfNeeded()
    },
  },
]

// An account that is linked, and has signed in from two places.
export async function fillSignIn(root) {
  const { id: collectionRef } = (await root.ask('GET', '/api/collections/users')).body
  const { items } = (await root.ask('GET', '/api/collections/users/records?filter=email="ada@example.com"')).body
  const own = { collectionRef, recordRef: items[0].id }
  for (const [provider, providerId] of [['github', '4711'], ['google', '108234098172340987234']]) {
    await root.make('/api/collections/_externalAuths/records', { ...own, provider, providerId })
  }
  for (const fingerprint of ['9f86d081884c7d659a2feaa0c55ad015', '60303ae22b998861bce3b28f33eec1be']) {
    await root.make('/api/collections/_authOrigins/records', { ...own, fingerprint })
  }
}

async function guess(root) {
  let status
  while (status !== 429) {
    ;({ status } = await root.ask('POST', '/api/collections/users/auth-with-password', { identity: 'ada@example.com', password: 'a guess' }))
  }
}
