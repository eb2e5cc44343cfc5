// Every screen, in light and dark, on a large window and on a phone's: a picture of each, nothing that is wider than the
// window, and nothing serious that axe finds.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { EMAIL, program } from '../lib/person.mjs'
import { fill } from '../lib/samples.mjs'
import { screens } from '../lib/screens.mjs'

export const needsScreenshots = true

const WINDOWS = [
  { width: 1440, height: 900 },
  { width: 400, height: 860 },
]

export default async function ({ page, server, step, me, screenshots }) {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

  // Nothing wider than the window, nothing serious.
  const look = async (name, theme, { width, height }) => {
    await page.setViewportSize({ width, height })
    await page.waitForTimeout(250)
    await page.screenshot({ path: join(screenshots, `${name}-${theme}-${width}.png`) })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(wide <= 0, `${name} is ${wide} pixels wider than ${width}`)
    await page.evaluate(axe)
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
    const serious = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join('\n    ')}`)
    assert.deepEqual(told, [], `axe on ${name}, ${theme}, ${width}`)
  }
  const everywhere = async (name, arrive) => {
    for (const theme of ['light', 'dark']) {
      await page.evaluate((theme) => localStorage.setItem('plinth.theme', theme), theme)
      for (const window of WINDOWS) {
        await page.setViewportSize(window)
        await arrive()
        await look(name, theme, window)
      }
    }
  }

  await step('first run', async () => {
    await page.goto(server.link)
    await everywhere('setup', async () => {
      await page.goto('about:blank')
      await page.goto(server.link)
      await me.sees('button', 'Create and sign in')
    })
  })
  await me.setUp()
  const root = await program(server).as('_superusers', EMAIL)
  await fill(root)

  for (const { name, path, arrive } of screens) {
    const seen = step(name, async () => {
      await everywhere(name, async () => {
        await page.goto('about:blank')
        await me.open(path)
        await page.locator('#content').waitFor()
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        await arrive?.({ page, me, root })
      })
    })
    // One screen's fault does not keep from looking at the others.
    await seen.catch(() => {})
  }

  await step('sign-in', async () => {
    await page.evaluate(() => localStorage.removeItem('plinth.session'))
    await everywhere('sign-in', async () => {
      await me.open('/_/sign-in')
      await me.sees('button', 'Sign in')
    })
  })
}
