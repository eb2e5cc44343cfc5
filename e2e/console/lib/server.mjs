// A real server, with its data in a place of its own.

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

// Starts `plinth serve`: its address, and the one-time link that it printed. `prepare` puts something there before.
export async function startServer({ plinth, databaseUrl, prepare }) {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-console-'))
  const url = `http://127.0.0.1:${await freePort()}`
  const place = ['--dir', dir, ...(databaseUrl ? ['--database-url', databaseUrl] : [])]
  await prepare?.(plinth, place)
  const child = spawn(plinth, ['serve', '--http', url.slice('http://'.length), ...place], { stdio: ['ignore', 'inherit', 'pipe'] })
  let said = ''
  child.stderr.on('data', (data) => (said += data))
  const exited = new Promise((resolve) => child.once('exit', resolve))

  const deadline = Date.now() + 60_000
  for (;;) {
    const answer = await fetch(`${url}/api/health`).catch(() => undefined)
    const link = said.match(/http\S+\/_\/setup#\S+/)?.[0]
    if (answer?.ok && (link || prepare)) {
      return {
        url,
        link,
        said: () => said,
        async stop() {
          child.kill('SIGTERM')
          await exited
          await rm(dir, { recursive: true, force: true })
        },
      }
    }
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the server does not start:\n${said}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
