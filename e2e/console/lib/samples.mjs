// What the screens show: a small magazine.

import { fillFiles } from './files.mjs'
import { PASSWORD } from './person.mjs'
import { fillRoles } from './roles.mjs'
import { fillSignIn } from './sign-in.mjs'
import { fillViews } from './views.mjs'
import { fillWork } from './work.mjs'

const PEOPLE = ['Ada Lovelace', 'Grace Hopper', 'Barbara Liskov', 'Edsger Dijkstra', 'Donald Knuth', 'Margaret Hamilton']
const TITLES = [
  'How tides are predicted', 'A short history of the index card', 'Bridges that sing in the wind', 'What moss remembers',
  'The cartographer of small rooms', 'Counting birds at night', 'Why old maps have monsters', 'A field guide to lichens',
  'The clockmaker of Graz', 'Salt, and where it goes', 'Letters that were never sent', 'Rivers that run backwards',
  'The last lamplighter', 'On the weight of clouds', 'An atlas of forgotten islands', 'The library under the lake',
]
const TAGS = ['science', 'history', 'nature', 'places']

export async function fill(root) {
  const users = (await root.ask('GET', '/api/collections/users')).body
  const field = (type, name, options) => ({ type, name, ...options })
  const stamps = [
    field('autodate', 'created', { onCreate: true }), field('autodate', 'updated', { onCreate: true, onUpdate: true }),
  ]
  await root.make('/api/collections', { name: 'tags', type: 'base', listRule: '', viewRule: '', fields: [field('text', 'label'), ...stamps] })
  await root.make('/api/collections', { name: 'drafts', type: 'base', fields: [field('text', 'title'), ...stamps] })
  await root.make('/api/collections', {
    name: 'posts',
    type: 'base',
    listRule: 'published = true || author = @request.auth.id',
    viewRule: 'published = true || author = @request.auth.id',
    createRule: '@request.auth.id != ""',
    updateRule: 'author = @request.auth.id',
    fields: [
      field('text', 'title', { required: true, max: 120, presentable: true }), field('bool', 'published'), field('number', 'views', { onlyInt: true }),
      field('select', 'tags', { values: TAGS, maxSelect: 3 }), field('relation', 'author', { collectionId: users.id, maxSelect: 1 }),
      field('text', 'summary', { help: 'Two sentences for the front page.' }), field('date', 'publish_at'), field('email', 'contact'),
      field('url', 'source'), field('json', 'meta'), ...stamps,
    ],
    indexes: ['CREATE INDEX `idx_posts_author` ON `posts` (`author`)', 'CREATE UNIQUE INDEX `idx_posts_title` ON `posts` (`title`)'],
  })
  const authors = []
  for (const name of PEOPLE) {
    const email = `${name.split(' ')[0].toLowerCase()}@example.com`
    authors.push(await root.make('/api/collections/users/records', { name, email, emailVisibility: true, password: PASSWORD, passwordConfirm: PASSWORD }))
  }
  for (let number = 0; number < 48; number += 1) {
    const round = Math.floor(number / TITLES.length)
    await root.make('/api/collections/posts/records', {
      title: TITLES[number % TITLES.length] + (round ? `, part ${round + 1}` : ''),
      published: number % 4 !== 1,
      views: (number * 7919) % 24_001,
      tags: TAGS.filter((_, index) => (number + index) % 3 === 0),
      author: authors[number % authors.length].id,
      summary: 'What looks simple from afar turns out to have been made by many hands. A walk through the parts.',
      publish_at: `2026-0${1 + (number % 9)}-${10 + (number % 18)} 08:30:00.000Z`,
      contact: `desk${number}@example.com`,
      source: 'https://example.com/sources/' + number,
      meta: { words: 900 + number * 13, locale: 'en' },
    })
  }
  await fillFiles(root)
  await fillViews(root)
  await fillWork(root)
  await fillRoles(root)
  await fillSignIn(root)
}
