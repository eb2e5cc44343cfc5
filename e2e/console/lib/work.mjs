// What the screens of jobs, mails and the overview show, and these screens.

export async function fillWork(root) {
  const jobs = '/api/collections/_jobs/records'
  const call = { url: 'https://shop.example.com/hooks/stock', method: 'POST', headers: { Authorization: 'Bearer 1234' }, body: '{"all": true}' }
  const stock = await root.make(jobs, {
    name: 'Count the stock', schedule: '*/15 * * * *', timezone: 'Europe/Berlin', kind: 'http', payload: call, retries: 3, backoff: 30,
  })
  await root.make(jobs, {
    name: 'Morning letter', schedule: '30 7 * * 1-5', timezone: 'America/New_York', kind: 'mail', enabled: true,
    payload: { to: 'desk@example.com', subject: 'Good morning', text: 'What is to be read today.', html: '' },
  })
  const outcomes = ['succeeded', 'succeeded', 'lost', 'failed', 'succeeded', 'skipped', 'succeeded']
  for (const [number, outcome] of outcomes.entries()) {
    const at = (seconds) => `2026-01-05 08:${15 + number}:${String(seconds).padStart(2, '0')}.120Z`
    const output = { succeeded: '200 OK\n\n{"counted": 1204}', failed: '503 Service Unavailable\n\nThe shop is closed.' }[outcome]
    await root.make('/api/collections/_jobRuns/records', {
      job: stock.id, due: at(0), attempt: outcome === 'failed' ? 2 : 1, trigger: number === 4 ? 'manual' : 'schedule', outcome, output,
      ...(outcome !== 'skipped' && { started: at(0), ended: at(3 + number), worker: '4711-a1b2c3' }),
    })
  }
  const html = '<h1 style="color: #0d6b5a">Your issue is here</h1><p>Forty pages about tides, bridges and moss.</p>'
  const mails = [
    { to: 'grace@example.com', subject: 'Your issue is here', status: 'sent', attempts: 1, sentAt: '2026-01-05 08:20:01.000Z', html, text: 'It is here.' },
    { to: 'nobody@example.com', subject: 'Your issue is here', status: 'failed', attempts: 8, error: '550 5.1.1 nobody@example.com: user unknown', html, text: '' },
    { to: 'ada@example.com', subject: 'Your issue is here', status: 'waiting', attempts: 2, notBefore: '2030-01-05 08:25:00.000Z', html, text: '' },
  ]
  for (const mail of mails) await root.make('/api/collections/_mails/records', { kind: 'job', ...mail })
  await root.ask('POST', '/api/collections/users/request-password-reset', { email: 'ada@example.com' })
  for (let number = 0; number < 40; number += 1) await root.ask('GET', number % 8 ? '/api/health' : '/api/nowhere')
}

const openJob = async ({ me }) => {
  await me.follow('Count the stock')
  await me.sees('heading', 'Count the stock')
}

export const workScreens = [
  {
    name: 'overview',
    path: '/_/',
    async arrive({ page, me }) {
      await me.reads('Requests per minute')
      await page.getByRole('slider').first().hover()
    },
  },
  {
    name: 'overview-numbers',
    path: '/_/?range=24h',
    async arrive({ page, me }) {
      await me.reads('Requests per 20 minutes')
      await page.getByRole('button', { name: 'Show the numbers' }).first().click()
    },
  },
  { name: 'jobs', path: '/_/jobs', arrive: ({ me }) => me.reads('never') },
  {
    name: 'job-runs',
    path: '/_/jobs',
    async arrive(with_) {
      await openJob(with_)
      await with_.page.locator('.run').nth(4).locator('summary').click()
    },
  },
  {
    name: 'job-definition',
    path: '/_/jobs',
    async arrive(with_) {
      await openJob(with_)
      await with_.me.follow('Definition')
      await with_.me.reads('Next runs')
    },
  },
  {
    name: 'job-limits',
    path: '/_/jobs',
    async arrive(with_) {
      await openJob(with_)
      await with_.me.follow('Definition')
      await with_.me.press('Add a header')
      await with_.page.getByLabel('Retries').fill('5')
      await with_.page.getByLabel('Retries').scrollIntoViewIfNeeded()
    },
  },
  {
    name: 'job-wrong',
    path: '/_/jobs/new',
    async arrive({ page, me }) {
      await page.getByLabel('How often').selectOption('Every month')
      await me.reads(/^Every month on day 1/)
      await me.press('Create')
      await page.locator('[aria-invalid=true]').first().waitFor()
      await page.getByRole('combobox', { name: 'Time zone' }).fill('ber')
    },
  },
  { name: 'job-gone', path: '/_/jobs/nothing00000000', arrive: ({ me }) => me.reads('There is no such job') },
  { name: 'mails', path: '/_/mails', arrive: ({ me }) => me.sees('row', /nobody@example.com/) },
  {
    name: 'mail-kept',
    path: '/_/mails?status=kept',
    async arrive({ page }) {
      await page.getByRole('link', { name: /Choose a new/ }).click()
      await page.frameLocator('iframe').getByRole('link').waitFor()
    },
  },
  {
    name: 'mail-failed',
    path: '/_/mails?status=failed',
    async arrive({ page, me }) {
      await me.follow('Your issue is here')
      await page.frameLocator('iframe').getByRole('heading').waitFor()
    },
  },
  {
    name: 'logs',
    path: '/_/logs',
    async arrive({ page, me }) {
      await me.sees('row', /GET \/api\//)
      await page.locator('.log-chart .legend').getByText('Errors').waitFor()
    },
  },
  {
    name: 'log-entry',
    path: '/_/logs?level=8',
    async arrive({ me }) {
      await me.follow(/GET \/api\/nowhere/)
      await me.reads('All that is known')
    },
  },
  { name: 'logs-filter-wrong', path: '/_/logs?filter=nope%20%3D%201', arrive: ({ me }) => me.reads('The filter cannot be understood') },
  { name: 'logs-none', path: '/_/logs?filter=level%20%3E%20100', arrive: ({ me }) => me.reads('No entry is like this') },
  { name: 'mails-none', path: '/_/mails?status=sending', arrive: ({ me }) => me.reads('No mail is like this') },
  {
    name: 'forgotten-password',
    path: '/_/mails',
    // It is outside of what is around the others.
    async arrive({ me }) {
      await me.open('/_/forgotten-password?as=users')
      await me.sees('button', 'Send the mail')
    },
  },
]
