// Every operator on every type of field, single and several, beside operands of every type. A scenario for each field.
import { bool, collection, date, editor, email, geoPoint, id, json, list, number, open, record, relation, select, text,
  url } from "./shapes.mjs";

const EACH = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"];
const ANY = EACH.map((operator) => `?${operator}`);
const LITERALS = ["null", "true", "false", "0", "1", "5", "''", "'a'", "'A'", "'5'", "'5.0'", "'%'",
  "'[\"a\"]'", "'2024-01-31 10:20:30.456Z'", "@now", "@request.method", "@request.query.nothing"];
const FIELDS = ["t", "n", "b", "d", "j", "one", "many", "rel", "rels", "t:lower", "many:length"];

const SINGLE = ["id", "t", "e", "mail", "site", "n", "b", "d", "j", "j.a", "j.list.0", "g", "g.lon", "one", "many", "rel",
  "rels", "rel.name", "rel.size", "rel.data", "t:lower", "one:lower", "many:length", "rels:length"];
const SEVERAL = ["many:each", "rels:each", "rels.name", "rels.size", "rels.data", "notes_via_kind.words",
  "notes_via_kind.stars", "@collection.notes.stars", "@collection.others:x.name"];

const kind = (word, body) => record("kinds", { id: id(word), ...body });
const data = [
  collection("others", [text("name"), number("size"), json("data")], open),
  collection("kinds", [
    text("t"), editor("e"), email("mail"), url("site"), number("n"), bool("b"), date("d"), json("j"), geoPoint("g"),
    select("one", { values: ["a", "A", "5"] }), select("many", { values: ["a", "b", "5"], maxSelect: 3 }),
    relation("rel", "{{others.id}}"), relation("rels", "{{others.id}}", { maxSelect: 3 }),
  ], open),
  collection("notes", [text("words"), number("stars"), relation("kind", "{{kinds.id}}")], open),
  record("others", { id: id("o1"), name: "a", size: 5, data: 5 }),
  record("others", { id: id("o2"), name: "", size: 0, data: { a: 1 } }),
  record("others", { id: id("o3"), name: "5", size: -1, data: "5" }),
  kind("empty", {}),
  kind("first", { t: "a", e: "<p>a</p>", mail: "a@example.com", site: "https://example.com", n: 5, b: true,
    d: "2024-01-31 10:20:30.456Z", j: { a: 1, list: ["a", 5] }, g: { lon: 5, lat: 5.5 }, one: "a", many: ["a"],
    rel: id("o1"), rels: [id("o1"), id("o2")] }),
  kind("second", { t: "5", e: "5", n: 5.5, j: 5, one: "5", many: ["5", "b"], rel: id("o3"), rels: [id("o3")] }),
  kind("third", { t: "A%", n: -1, b: true, d: "2023-12-31 23:59:59.999Z", j: "5", one: "A", many: ["a", "b", "5"],
    rel: id("o2"), rels: [id("o1"), id("o2"), id("o3")], g: { lon: -1, lat: 0 } }),
  kind("fourth", { t: "[\"a\"]", n: 1, j: ["a"], d: "2024-01-31", rels: [id("o2")] }),
  kind("fifth", { t: "2024-01-31 10:20:30.456Z", n: 2024, b: false, j: true, many: ["b"] }),
  record("notes", { id: id("n1"), words: "a", stars: 5, kind: id("first") }),
  record("notes", { id: id("n2"), words: "", stars: 0, kind: id("first") }),
  record("notes", { id: id("n3"), words: "5", stars: 5, kind: id("second") }),
  record("notes", { id: id("n4"), words: "A", stars: -1 }),
];

const found = (path, operators) =>
  [...LITERALS, ...FIELDS].flatMap((operand) =>
    operators
      // The clock goes on between two servers.
      .filter((operator) => !(operator.includes("~") && operand === "@now"))
      .map((operator) => `${path} ${operator} ${operand}`))
    .map((filter) => list("kinds", { filter, sort: "id", fields: "id" }, { name: filter }));

const of = (path, operators) => ({ name: `operators: ${path}`, steps: [...data, ...found(path, operators)] });

export default [...SINGLE.map((path) => of(path, EACH)), ...SEVERAL.map((path) => of(path, [...EACH, ...ANY]))];
