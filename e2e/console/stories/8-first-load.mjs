// What a first visit has to wait for. A console that was built with --dev is not meant to pass.

import assert from 'node:assert/strict'

const MOST = 700 * 1024

export default async function ({ page, server, step, me }) {
  await step(`a first visit loads less than ${MOST / 1024} KB, compressed`, async () => {
    const client = await page.context().newCDPSession(page)
    await client.send('Network.enable')
    let loaded = 0
    client.on('Network.loadingFinished', ({ encodedDataLength }) => (loaded += encodedDataLength))
    await page.goto(server.link)
    await me.sees('button', 'Create and sign in')
    console.log(`          ${Math.round(loaded / 1024)} KB`)
    assert.ok(loaded > 50 * 1024 && loaded < MOST, `${loaded} bytes`)
  })
}
