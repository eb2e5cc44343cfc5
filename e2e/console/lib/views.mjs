// A view: its sample, and the screens that show it.

const QUERY = `SELECT users.id, users.name, count(posts.id) AS posts
FROM users LEFT JOIN posts ON posts.author = users.id
GROUP BY users.id, users.name`

export async function fillViews(root) {
  await root.make('/api/collections', { name: 'writers', type: 'view', viewQuery: QUERY })
}

export const viewScreens = [
  { name: 'view-query', path: '/_/collections/writers/fields', arrive: ({ page }) => page.getByRole('row', { name: /Ada/ }).waitFor() },
  {
    name: 'view-query-wrong',
    path: '/_/collections/writers/fields',
    async arrive({ page }) {
      await page.getByRole('row', { name: /Ada/ }).waitFor()
      await page.getByLabel('Query', { exact: true }).fill(QUERY.replace('count(', 'cuont('))
      await page.locator('[aria-invalid=true]').first().waitFor()
    },
  },
  { name: 'view-records', path: '/_/collections/writers', arrive: ({ page }) => page.getByRole('row', { name: /Ada/ }).waitFor() },
  {
    name: 'view-record',
    path: '/_/collections/writers',
    async arrive({ page }) {
      await page.getByRole('cell', { name: /Ada/ }).click()
      await page.getByRole('dialog').getByLabel('name').waitFor()
    },
  },
  {
    name: 'view-new',
    path: '/_/new-collection',
    async arrive({ page }) {
      await page.getByLabel('Type', { exact: true }).selectOption('view')
      await page.getByLabel('Query', { exact: true }).waitFor()
    },
  },
]
