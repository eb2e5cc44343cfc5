// A create rule is asked of the row that would be.
import { bool, collection, date, json, number, open, record, select, text } from "./shapes.mjs";

const RULES = ["t = n", "n = t", "t != n", "n ~ 5", "b = n", "one = 5", "one = n", "many ~ 5",
  "many:length = 1", "j = 5", "j = n", "j = t", "t = j", "n < 'a'", "d = ''"];
// PocketBase's row has no types.
const OF_TYPES = ["t = 5", "t < n", "n = '5'", "n > '4'", "n ~ '.0'", "b = '1'", "b > '-1'", "d > 1", "t ~ n"];
const BODIES = [{ t: "5", n: 5 }, { t: "5.0", n: 5.5, b: true, one: "5", many: ["5"], j: 5 },
  { t: "a", n: 1, b: true, j: "5", d: "2024-01-31" }];

const ruled = (rules) =>
  rules.flatMap((rule, index) => [
    collection(`ruled${index}`, [text("t"), number("n"), bool("b"), date("d"), json("j"), select("one",
      { values: ["5"] }), select("many", { values: ["5", "6"], maxSelect: 2 })], { ...open, createRule: rule }),
    ...BODIES.map((body) =>
      record(`ruled${index}`, body, { as: "guest", name: `${rule} with ${JSON.stringify(body)}` })),
  ]);

export default [
  { name: "create rules: values", steps: ruled(RULES) },
  { name: "create rules: types of columns", steps: ruled(OF_TYPES) },
];
