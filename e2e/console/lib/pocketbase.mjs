// A PocketBase with an application in it, which moves in.

import { join } from 'node:path'

import { pocketbaseBinary } from '../../compat/lib/pocketbase.mjs'
import { run, startPocketBase } from '../../compat/lib/servers.mjs'
import { EMAIL, PASSWORD, program } from './person.mjs'
import { png } from './pictures.mjs'

// Takes it over into a place that no server uses yet.
export async function moveIn(plinth, place) {
  const pocketbase = await startPocketBase(process.env.POCKETBASE ?? (await pocketbaseBinary()), { email: EMAIL, password: PASSWORD })
  try {
    await fill(await program(pocketbase).as('_superusers', EMAIL))
    await run(plinth, ['import-pocketbase', '--superusers', join(pocketbase.home, 'data'), ...place])
  } finally {
    await pocketbase.stop()
  }
}

async function fill(root) {
  const field = (type, name, options) => ({ type, name, ...options })
  const form = (values, files) => {
    const form = new FormData()
    form.set('@jsonPayload', JSON.stringify(values))
    for (const [name, file, content] of files) form.append(name, new Blob([content]), file)
    return form
  }
  const change = async (path, body) => {
    const { status, body: answer } = await root.ask('PATCH', path, body)
    if (status !== 200) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return answer
  }
  await change('/api/settings', { meta: { appName: 'Trail notes' } })
  const users = await change('/api/collections/users', { otp: { enabled: true }, listRule: 'id = @request.auth.id' })
  const account = { email: 'bea@example.com', name: 'Bea', verified: true, password: PASSWORD, passwordConfirm: PASSWORD }
  const bea = await root.make('/api/collections/users/records', form(account, [['avatar', 'bea.png', png([20, 60, 150], [140, 210, 240])]]))
  await root.make('/api/collections', {
    name: 'trails',
    type: 'base',
    listRule: '',
    viewRule: '',
    fields: [
      field('text', 'title', { required: true, presentable: true }), field('file', 'photos', { maxSelect: 5, thumbs: ['200x0'] }), field('editor', 'story'),
      field('geoPoint', 'start'),
      field('number', 'length'), field('bool', 'open'), field('select', 'seasons', { values: ['spring', 'summer', 'autumn'], maxSelect: 3 }),
      field('date', 'walked'), field('email', 'contact'), field('url', 'site'), field('json', 'facts'),
      field('relation', 'author', { collectionId: users.id, maxSelect: 1 }), field('file', 'permit', { maxSelect: 1, protected: true }),
      field('autodate', 'created', { onCreate: true }), field('autodate', 'updated', { onCreate: true, onUpdate: true }),
    ],
    indexes: ['CREATE UNIQUE INDEX idx_trails_title ON trails (title COLLATE NOCASE)'],
  })
  const photo = png([60, 100, 60], [225, 215, 140])
  const trail = {
    title: 'Along the ridge', story: '<p>Up <strong>early</strong>.</p>', start: { lon: 15.44, lat: 47.07 }, length: 12.5, open: true,
    seasons: ['summer', 'autumn'], walked: '2026-06-21 05:00:00.000Z', contact: 'hut@example.com', site: 'https://example.com/ridge',
    facts: { huts: ['Schöckl'], steep: null }, author: bea.id,
  }
  await root.make('/api/collections/trails/records', form(trail, [['photos', 'ridge.png', photo], ['permit', 'permit.txt', 'number 7']]))
  await root.make('/api/collections/trails/records', { title: 'Nothing but a name' })
  await root.make('/api/collections', {
    name: 'walkers',
    type: 'view',
    listRule: '',
    viewQuery: 'SELECT users.id, users.name, users.avatar, COUNT(trails.id) AS trails FROM users LEFT JOIN trails ON trails.author = users.id GROUP BY users.id, users.name, users.avatar',
  })
  await root.make('/api/collections/_externalAuths/records', { collectionRef: users.id, recordRef: bea.id, provider: 'google', providerId: '1' })
}
