// The log: who reads it, and what of a filter is wrong. What is in it comes a moment later, and is compared by the server's own tests.
const ask = (path) => ({ as: "root", send: `GET /api/logs${path}` });
const filtered = (filter) => `?filter=${encodeURIComponent(filter)}`;

export default [
  {
    name: "logs: who",
    steps: [
      ...["", "/stats", "/missing"].flatMap((path) => [{ send: `GET /api/logs${path}` }]),
      {
        as: "root",
        send: "POST /api/collections/users/records",
        body: { email: "log@example.com", password: "correct horse", passwordConfirm: "correct horse" },
      },
      {
        send: "POST /api/collections/users/auth-with-password",
        body: { identity: "log@example.com", password: "correct horse" },
        save: "ann",
      },
      ...["", "/stats", "/missing"].map((path) => ({ as: "ann", send: `GET /api/logs${path}` })),
      ask("/missing"),
      { as: "root", send: "POST /api/logs" },
      { as: "root", send: "DELETE /api/logs/missing" },
    ],
  },
  {
    name: "logs: filters",
    steps: [
      ...[
        "level > 100", "message = 'nobody said this'", "data.status = 999", "data.auth:lower = 'nobody'", "created > @now && level < -4",
        "data.details.title = 'x' && id = 'y'", "nothing = 1", "updated != ''", "level >", "@request.auth.id != ''", "@collection.users.id != ''",
        "collectionId != ''", "a".repeat(100),
      ].flatMap((filter) => [ask(filtered(filter)), ask(`/stats${filtered(filter)}`)]),
      ask(`${filtered("level > 100")}&perPage=2&page=3&skipTotal=1&sort=-created,level,message,id,data.status`),
      ask("?sort=nothing"),
      ask("?sort=@collection.users.id"),
      ask("?page=x"),
      ask("?perPage=x"),
      ask("?skipTotal=maybe"),
    ],
  },
];
