import { collection, id, open, record, relation, text } from "./shapes.mjs";

const remove = (path) => ({ as: "root", send: `DELETE /api/collections/${path}` });
const all = (name) => ({ as: "root", send: `GET /api/collections/${name}/records?sort=id` });

/** Two targets, and records that refer to the first, to both and to the second. */
const referring = (options) => [
  collection("targets", [text("t")], open),
  collection("sources", [relation("to", "{{targets.id}}", options), text("t")], open),
  record("targets", { id: id("one") }),
  record("targets", { id: id("two") }),
  record("sources", { id: id("a"), to: [id("one")] }),
  ...(options.maxSelect > 1 ? [record("sources", { id: id("b"), to: [id("one"), id("two")] })] : []),
  record("sources", { id: id("c"), to: [id("two")] }),
  remove(`targets/records/${id("one")}`),
  all("targets"),
  all("sources"),
];

export default [
  { name: "deletions: optional reference", steps: referring({}) },
  { name: "deletions: optional references", steps: referring({ maxSelect: 3 }) },
  { name: "deletions: required reference", steps: referring({ required: true }) },
  { name: "deletions: required references", steps: referring({ required: true, maxSelect: 3 }) },
  { name: "deletions: at least two references", steps: referring({ minSelect: 1, maxSelect: 3 }) },
  { name: "deletions: cascade", steps: referring({ cascadeDelete: true }) },
  { name: "deletions: cascade of several", steps: referring({ cascadeDelete: true, maxSelect: 3 }) },
  { name: "deletions: cascade of required", steps: referring({ cascadeDelete: true, required: true }) },
  {
    name: "deletions: chains and cycles",
    steps: [
      collection("a", [text("t")], open),
      collection("b", [relation("a", "{{a.id}}", { cascadeDelete: true })], open),
      collection("c", [relation("b", "{{b.id}}", { cascadeDelete: true })], open),
      collection("d", [relation("c", "{{c.id}}", { required: true })], open),
      record("a", { id: id("a1") }),
      record("b", { id: id("b1"), a: id("a1") }),
      record("c", { id: id("c1"), b: id("b1") }),
      record("d", { id: id("d1"), c: id("c1") }),
      remove(`a/records/${id("a1")}`),
      all("a"), all("b"), all("c"), all("d"),
      remove(`d/records/${id("d1")}`),
      remove(`a/records/${id("a1")}`),
      all("a"), all("b"), all("c"),
      { as: "root", send: "PATCH /api/collections/a", body: { fields: [text("t"), relation("next", "{{a.id}}",
        { cascadeDelete: true })] } },
      record("a", { id: id("x1") }),
      record("a", { id: id("x2"), next: id("x1") }),
      { as: "root", send: `PATCH /api/collections/a/records/${id("x1")}`, body: { next: id("x2") } },
      remove(`a/records/${id("x1")}`),
      all("a"),
    ],
  },
  {
    name: "deletions: rules of referring collections do not matter",
    steps: [
      collection("targets", [text("t")], open),
      collection("sources", [relation("to", "{{targets.id}}", { cascadeDelete: true })], { ...open, deleteRule: null }),
      record("targets", { id: id("one") }),
      record("sources", { id: id("a"), to: id("one") }),
      { send: `DELETE /api/collections/sources/records/${id("a")}` },
      { send: `DELETE /api/collections/targets/records/${id("one")}` },
      all("sources"),
    ],
  },
];
