// The screens of the settings.

export const settingsScreens = [
  { name: 'settings', path: '/_/settings', arrive: ({ me }) => me.sees('heading', 'Batches') },
  {
    name: 'settings-wrong',
    path: '/_/settings',
    async arrive({ page, me }) {
      await page.getByLabel("Sender's address").fill('nobody')
      await page.getByRole('switch', { name: 'Allowed' }).check()
      await me.press('Save')
      await page.locator('[aria-invalid=true]').first().waitFor()
    },
  },
  {
    name: 'settings-test-mail',
    path: '/_/settings',
    async arrive({ page, me }) {
      await me.press('Send a test mail')
      await me.sees('dialog', 'Send a test mail')
      await page.getByRole('dialog').getByLabel('To', { exact: true }).fill('ann@example.com')
    },
  },
]
