// Runs the stories one after the other, each against a server and a browser of its own, and counts their steps.

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { openBrowser } from './lib/browser.mjs'
import { person } from './lib/person.mjs'
import { startServer } from './lib/server.mjs'

const { values: options } = parseArgs({
  options: {
    plinth: { type: 'string' },
    'database-url': { type: 'string' },
    screenshots: { type: 'string' },
    pictures: { type: 'string' },
    only: { type: 'string' },
  },
})
if (!options.plinth) throw new Error('say which binary: --plinth PATH')
const engine = options['database-url'] ? 'postgres' : 'sqlite'

const folder = new URL('stories/', import.meta.url)
let names = (await readdir(folder)).filter((name) => name.endsWith('.mjs')).sort()
if (options.only) names = names.filter((name) => name.includes(options.only))

let passed = 0
let failed = 0
for (const name of names) {
  const story = await import(new URL(name, folder))
  // A PostgreSQL database has one story's data: --only says whose. The main ones are told there too.
  if (engine === 'postgres' && !story.onBothEngines) continue
  if (story.needsScreenshots && !options.screenshots) continue
  if (options.screenshots) await mkdir(options.screenshots, { recursive: true })

  console.log(`\n${name.replace('.mjs', '')}`)
  const server = await startServer({ plinth: options.plinth, databaseUrl: options['database-url'], prepare: story.prepare })
  const browser = await openBrowser()
  // One thing that a person does. What comes after a failure cannot be told, so the story ends there.
  // What the browser's log may say is said with the step.
  const step = async (what, act, { allows } = {}) => {
    try {
      await act()
      const errors = browser.errors.splice(0).filter((error) => !allows?.test(error))
      if (errors.length > 0) throw new Error(`the browser's log has errors:\n${errors.join('\n')}`)
      passed += 1
      console.log(`  ok      ${what}`)
    } catch (error) {
      failed += 1
      console.log(`  FAILED  ${what}\n${error.stack}`)
      if (options.screenshots) await browser.page.screenshot({ path: join(options.screenshots, `FAILED-${failed}.png`) })
      throw new StoryEnds()
    }
  }
  try {
    await story.default({ page: browser.page, server, step, me: person(browser.page, server), screenshots: options.screenshots, pictures: options.pictures })
  } catch (error) {
    if (!(error instanceof StoryEnds)) {
      failed += 1
      console.log(`  FAILED  ${error.stack}`)
    }
  } finally {
    await browser.close()
    await server.stop()
  }
}

function StoryEnds() {}

console.log(`\nconsole: ${passed} passed, ${failed} failed on ${engine}`)
if (failed > 0 || passed === 0) process.exitCode = 1
