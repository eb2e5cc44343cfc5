// Where Plinth answers otherwise than PocketBase, and why that is meant. An entry covers the differences whose
// scenario name and path begin as given, and whose step contains `step`; with `engine`, only on that database. One
// that no longer occurs fails the run.
const later = "comes with a later version";
const wording = "the same code at the same field; the sentence is our own";

export default [
  { scenario: "users collection", step: "GET /api/collections/users", path: "body.fields.avatar", reason: `files: ${later}` },
  { scenario: "users collection", step: "GET /api/collections/users", path: "body.oauth2.mappedFields.avatarURL", reason: `files: ${later}` },
  { scenario: "import: deleteMissing", step: "GET /api/collections/users", path: "body.fields.avatar", reason: `files: ${later}` },
  { scenario: "import: deleteMissing", step: "GET /api/collections/users", path: "body.oauth2.mappedFields.avatarURL", reason: `files: ${later}` },
  { scenario: "lists: pages", step: "broken escape", path: "", reason: "a URL with a broken escape is refused, not half read" },
  { scenario: "bodies", step: "trailing", path: "", reason: "what follows the JSON value is refused, not ignored" },
  { scenario: "collection errors: names", step: "sqlite_x", path: "body", reason: "a reserved name is refused at its field, without the database's text" },
  { scenario: "collection errors: field options", step: "create with fields", path: "body.data.fields.1.pattern.message", reason: wording },
  { scenario: "collection errors: field options", step: "create with fields", path: "body.data.fields.1.autogeneratePattern.message", reason: wording },
  { scenario: "collection errors: indexes", step: "CREATE INDEX ON bad", path: "", reason: "an index without a name is a 400 at its field, not a 500" },
  { scenario: "collection errors: unique index over duplicates", step: "PATCH", path: "body.data.indexes.0.message", reason: wording },
  { scenario: "collection errors: rules", step: "create with rule", path: "body.data.createRule.message", reason: wording },
  { scenario: "collection errors: rules", step: "create with rule", path: "body.data.listRule.message", reason: wording },
  { scenario: "collection errors: rules", step: "title:", path: "", reason: "a modifier that the field's type does not have is an error, not a rule that never holds" },
  { scenario: "collection errors: rules", step: "strftime", path: "", reason: `strftime: ${later}` },
  { scenario: "request rules: the caller's own record", step: "as ann", path: "body", reason: "rules do not see an account's secrets: `@request.auth.password` and `.tokenKey` are nothing" },
  { scenario: "collection changes: fields", step: "PATCH /api/collections/books", path: "body.message", reason: "no internal text" },
  { scenario: "import: errors", step: "import", path: "body.data.collections.message", reason: wording },
  { scenario: "import: create and merge", step: "import", path: "body.data.collections.message", reason: wording },
  { scenario: "values: text", step: "\\u0000", path: "", reason: "PostgreSQL's text cannot hold U+0000, so it is refused on both databases" },
  { scenario: "values: text", step: "GET", path: "body.v", reason: "follows from the refused U+0000" },
  { scenario: "values: json", step: '\\"b\\"', path: "body.v", reason: "JSON has sorted keys however it was sent: the same on both databases" },
  { scenario: "values: ids", step: 'loose id "A"', path: "", reason: "ids that differ in their case are different ids" },
  { scenario: "lists: fields", step: "excerpt", path: "text", reason: "a modifier that cannot be read is ignored, where PocketBase answers 200 with nothing" },
  { scenario: "lists: fields", step: "unknown(1)", path: "text", reason: "a modifier that cannot be read is ignored, where PocketBase answers 200 with nothing" },
  { scenario: "lists: sort", step: "title:each", path: "", reason: "a modifier that the field's type does not have is an error" },
  { scenario: "filters: literals", step: "meta.list:", path: "", reason: "`:length` counts lists inside JSON; `:each` there is an error" },
  { scenario: "filters: syntax", step: "title:", path: "", reason: "a modifier that the field's type does not have is an error" },
  { scenario: "filters: syntax", step: "tags.name:length", path: "", reason: "a modifier that the field's type does not have is an error" },
  { scenario: "filters: syntax", step: "strftime", path: "", reason: `strftime: ${later}` },
  { scenario: "filters: macros", step: "reviews_via_book.words = 'good' (guest)", path: "body", reason: "records that the client may not list do not count, so that they cannot be guessed" },
  { scenario: "mail: ask for", step: '"Email"', path: "", reason: "names of fields are compared with their case" },
  { scenario: "accounts: create", step: "ann000000000000", path: "body.data", engine: "postgres", reason: "of two unique values that are taken PostgreSQL names the other one" },
  ...["listRule", "viewRule", "createRule", "updateRule", "deleteRule"].map((rule) => ({
    scenario: "bodies: updates and other routes", path: `body.${rule}`,
    reason: "a collection that a form makes is closed, as one made by JSON is; PocketBase opens it to everybody" })),
  { scenario: "batch: bad requests", step: "batch [{", path: "body.data.requests.1.response.status",
    reason: "what has no place in a batch is a 400, not a 500" },
  { scenario: "batch: bad requests", step: "raw x", path: "body.message", reason: wording },
  { scenario: "batch: forms", path: "body", reason: "a file for a field that takes none is left out, in a batch too; PocketBase empties the field" },
  { scenario: "crons", step: "root GET /api/crons", path: "body", reason: "each lists jobs of its own" },
];
