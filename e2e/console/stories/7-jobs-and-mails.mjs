// Work that is done by itself: a job is made, run and looked at; what the server writes is read; the overview has it all.

import assert from 'node:assert/strict'

import { EMAIL, PASSWORD, program } from '../lib/person.mjs'

const BEA = 'bea@example.com'

export default async function ({ page, server, step, me }) {
  const row = (name) => page.getByRole('row', { name })
  let root

  await step('a fresh server has jobs that keep it tidy, and no mails', async () => {
    await me.setUp()
    root = await program(server).as('_superusers', EMAIL)
    await me.follow('Mails')
    await me.reads('No mails yet')
    await me.reads('PLINTH_SMTP_URL')
    await me.follow('Jobs')
    await row(/Optimize the database/).getByText(/^Every day at/).waitFor()
    await row(/Remove what is old/).getByText('never').waitFor()
  })

  await step('a new job says what it means, and what is wrong with it', async () => {
    await me.follow('New job')
    await page.getByLabel('How often').selectOption('Every weekday')
    await page.getByLabel('At', { exact: true }).fill('07:30')
    const zone = page.getByRole('combobox', { name: 'Time zone' })
    await zone.fill('new york')
    await zone.press('ArrowDown')
    await zone.press('Enter')
    assert.equal(await zone.inputValue(), 'America/New_York')
    await me.reads('Every weekday at 07:30')
    await page.getByText(/^(Mon|Tue|Wed|Thu|Fri), .* 07:30$/).nth(4).waitFor()
    await me.press('Create')
    const wrong = (name) => page.getByRole('textbox', { name, exact: true }).and(page.locator('[aria-invalid=true]'))
    await wrong('Name').waitFor()
    await wrong('URL').waitFor()
    await page.getByLabel('How often').selectOption('Another schedule')
    await page.getByLabel('Cron expression').fill('* * * * * *')
    await me.reads('seconds are not supported')
    await page.getByLabel('Cron expression').fill('0 8,20 * * *')
    await me.reads('Next runs')
  })

  await step('a call is made of its parts', async () => {
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Knock')
    await page.getByLabel('Method').selectOption('POST')
    await page.getByLabel('URL').fill(`${server.url}/api/health`)
    await me.press('Add a header')
    await page.getByLabel('Name of the header').fill('Host')
    await page.getByLabel('Value of the header').fill('elsewhere')
    await me.press('Create')
    await me.reads(/is set by the server/)
    await page.getByLabel('Name of the header').fill('X-From')
    await me.press('Create')
    await me.sees('heading', 'Knock')
    await me.reads('It has not run yet')
    const { body } = await root.ask('GET', '/api/collections/_jobs/records?filter=name="Knock"')
    const { schedule, timezone, payload } = body.items[0]
    assert.deepEqual([schedule, timezone], ['0 8,20 * * *', 'America/New_York'])
    assert.deepEqual(payload, { url: `${server.url}/api/health`, method: 'POST', headers: { 'X-From': 'elsewhere' }, body: '' })
  })

  await step('it is run, and its history says by itself what came of it', async () => {
    await me.press('Run now')
    await me.reads('Knock is about to run')
    await page.locator('.run').getByText('failed').waitFor()
    await me.reads('127.0.0.1 is not a public address')
    await me.reads('by hand')
  })

  await step('what was lost is explained', async () => {
    const { body } = await root.ask('GET', '/api/collections/_jobs/records?filter=name="Knock"')
    await root.make('/api/collections/_jobRuns/records', {
      job: body.items[0].id, due: '2030-01-01 08:00:00.000Z', attempt: 1, trigger: 'schedule', outcome: 'lost', started: '2030-01-01 08:00:00.000Z',
      ended: '2030-01-01 08:01:30.000Z',
    })
    await page.reload()
    await me.reads('lost')
    await me.reads(/The server that ran the job disappeared/)
    await page.locator('.run').first().getByText('1 min 30 s').first().waitFor()
  })

  await step('it becomes another kind, is switched off, and still runs by hand', async () => {
    await me.follow('Definition')
    await page.getByLabel('What it does').selectOption('Sends a mail')
    await page.getByLabel('To', { exact: true }).fill('nobody')
    await page.getByLabel('Subject').fill('Good morning')
    await page.getByLabel('Text', { exact: true }).fill('The sun is up.')
    await me.press('Save')
    await me.reads(/Must be one address/)
    await page.getByLabel('To', { exact: true }).fill(BEA)
    await me.save()
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click()
    const enabled = row(/Knock/).getByRole('switch')
    await enabled.uncheck()
    await me.reads('Knock is disabled')
    await row(/Knock/).getByText('not while it is disabled').waitFor()
    await page.reload()
    assert.equal(await enabled.isChecked(), false)
    await row(/Knock/).getByRole('button').click()
    await me.reads('Knock is about to run')
  })

  await step('without a mail server, mails are kept to be read', async () => {
    await me.follow('Mails')
    await row(/Good morning/).getByText('kept').waitFor()
    await me.reads('No mail server is set up')
    await me.follow('Good morning')
    await me.reads('The sun is up.')
  })

  await step('the mail of an account is shown as it looks, and can do nothing', async () => {
    await root.make('/api/collections/users/records', { email: BEA, password: PASSWORD, passwordConfirm: PASSWORD })
    await root.ask('POST', '/api/collections/users/request-password-reset', { email: BEA })
    await me.follow('Mails')
    await page.getByRole('link', { name: /Choose a new/ }).click()
    const inside = page.frameLocator('iframe')
    await inside.getByRole('link', { name: 'Choose a password' }).waitFor()
    const colour = await inside.getByRole('link').evaluate((link) => getComputedStyle(link).backgroundColor)
    assert.notEqual(colour, 'rgba(0, 0, 0, 0)', 'the mail has its own style')
    assert.match(await page.locator('.code pre').innerText(), /#\/auth\/confirm-password-reset\//)
    await me.press('As text')
    await page.locator('.mail-text').waitFor()
  })

  await step('a mail with scripts and pictures runs none and loads none', async () => {
    const html = '<p id="x">Hello</p><script>parent.document.title = "taken"</script><img src="x" onerror="parent.document.title = \'taken\'">'
    const mail = { to: BEA, subject: 'Bad news', kind: 'job', status: 'failed', attempts: 8, error: '550 User unknown', html, text: 'Hello' }
    const { id } = await root.make('/api/collections/_mails/records', mail)
    const loaded = []
    page.on('response', (response) => loaded.push(response.url()))
    await me.open(`/_/mails/${id}`)
    await page.frameLocator('iframe').getByText('Hello').waitFor()
    await me.reads('550 User unknown')
    await page.waitForTimeout(300)
    assert.match(await page.title(), /^Bad news/)
    assert.deepEqual(loaded.filter((url) => url.endsWith('/x')), [])
  }, { allows: /sandboxed|Content Security Policy/ })

  await step('mails are found by status and address', async () => {
    await me.follow('Mails')
    await page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: 'failed' }).click()
    await row(/Bad news/).waitFor()
    assert.equal(await page.locator('tbody tr').count(), 1)
    await page.getByLabel('Find an address').fill('somebody else')
    await me.reads('No mail is like this')
    await page.waitForURL((url) => url.searchParams.get('status') === 'failed' && url.searchParams.get('q') === 'somebody else')
  })

  await step('the overview shows what happened', async () => {
    await me.follow('Overview')
    await me.reads('p95 latency')
    await page.getByRole('listitem').filter({ hasText: 'Failed mails' }).getByText('1', { exact: true }).waitFor()
    const chart = page.getByRole('slider', { name: 'Requests per minute' })
    await chart.focus()
    await chart.press('End')
    assert.match(await chart.getAttribute('aria-valuetext'), /^\d\d:\d\d: Requests \d/)
    await page.getByRole('region', { name: 'Requests per minute' }).getByRole('button').click()
    const counts = await page.locator('.chart-numbers td').allInnerTexts()
    assert.equal(counts.length, 60)
    assert.ok(counts.some((count) => Number(count.replace(',', '')) > 5), counts.join())
    await me.follow('6 hours')
    await page.waitForURL((url) => url.search === '?range=6h')
    await me.reads('Requests per 5 minutes')
  })

  await step('a job is deleted when that is confirmed', async () => {
    await me.follow('Jobs')
    await me.follow('Knock')
    await me.choose('More', 'Delete the job')
    await me.press('Delete')
    await me.reads('Knock is deleted')
    assert.equal(await row(/Knock/).count(), 0)
  })

  await step('who has forgotten the password asks for a mail', async () => {
    await me.signOut()
    await me.follow('Forgotten password?')
    await page.getByLabel('E-mail address').fill(EMAIL)
    await me.press('Send the mail')
    await me.reads(/a mail is on its way/)
    const found = async () => (await root.ask('GET', `/api/collections/_mails/records?filter=to="${EMAIL}"`)).body.totalItems
    const deadline = Date.now() + 15_000
    while ((await found()) === 0) {
      assert.ok(Date.now() < deadline, 'the mail is in the outbox')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })
}
