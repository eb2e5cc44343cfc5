// Lists, creates and changes records with the types that openapi-typescript makes.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

const [, , url, token] = process.argv;
if (!url || !token) throw new Error("usage: films.js URL TOKEN");
const client = createClient<paths>({ baseUrl: url, headers: { Authorization: token } });

function given<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

function equal<T>(found: T, expected: T): void {
  if (found !== expected) throw new Error(`${found} instead of ${expected}`);
}

const list = "/api/collections/films/records";
const one = "/api/collections/films/records/{id}";

const page = given(await client.GET(list, { params: { query: { sort: ["title"], filter: "title ~ 'i'" } } }));
const titles: string[] = page.items.map((film: components["schemas"]["films_record"]) => film.title);
equal(titles.join(), "Ikiru,Seven Samurai");

const film = given(await client.POST(list, { body: { title: "Ran", contact: "ran@example.com", views: 1, tags: ["long"] } }));
equal(film.views, 1);

const changed = given(
  await client.PATCH(one, { params: { path: { id: film.id } }, body: { "views+": 4, "+tags": ["silent"], "tags-": ["long"] } }),
);
equal(changed.views, 5);
equal(changed.tags.join(), "silent");

const gone = await client.DELETE(one, { params: { path: { id: film.id } } });
equal(gone.response.status, 204);
