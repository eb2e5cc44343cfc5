import { collection, number, open, record, relation, text } from "./shapes.mjs";

const put = (body, name) => ({ as: "root", send: "PUT /api/collections/import", body, name: name && `import ${name}` });
const get = (path) => ({ as: "root", send: `GET /api/collections/${path}` });

export default [
  {
    name: "import: errors",
    steps: [
      put({}),
      put({ collections: [] }),
      put({ collections: null }),
      put({ collections: {} }),
      put({ collections: [5] }),
      put({ collections: "x" }),
      put({ collections: [{}] }),
      put({ collections: [{ name: "" }] }),
      put({ collections: [{ name: "imp_bad", type: "unknown" }] }),
      put({ collections: [{ name: "imp_bad", fields: [{ name: "a", type: "unknown" }] }] }),
      put({ collections: [{ name: "imp_bad", fields: [text("a b")] }] }),
      put({ collections: [{ name: "imp_bad", listRule: "missing = 1" }] }),
      put({ collections: [{ name: "imp_a" }, { name: "imp_a" }] }),
      put({ collections: [{ name: "imp_good" }, { name: "imp bad" }] }, "rolls back as a whole"),
      get("imp_good"),
      put({ collections: [{ name: "users", type: "base" }] }),
      put({ collections: [{ name: "imp_rel", fields: [relation("to", "missing")] }] }),
    ],
  },
  {
    name: "import: create and merge",
    steps: [
      put({
        collections: [
          { id: "imp_b_id", name: "imp_b", type: "base", fields: [text("title"), relation("a", "imp_a_id",
            { id: "rel_a" })], listRule: "a.name != ''" },
          { id: "imp_a_id", name: "imp_a", type: "base", fields: [text("name", { id: "f_name" }), number("n",
            { id: "f_n" })], ...open },
        ],
      }, "in the wrong order"),
      get("imp_a"),
      get("imp_b"),
      record("imp_a", { id: "recordone000000", name: "kept", n: 1 }),
      put({ collections: [{ id: "imp_a_id", name: "imp_a2", fields: [text("label", { id: "f_name" }), text("new")] }] },
        "renames and merges"),
      get("imp_a2"),
      get("imp_a2/records"),
      put({ collections: [{ name: "imp_a2", listRule: null }] }, "matches by name"),
      get("imp_a2?fields=id,name,listRule,viewRule,fields.name"),
      put({ collections: [{ id: "imp_a_id", name: "imp_a2", fields: [text("n", { id: "f_n" })] }] }, "changes a type"),
      put({ collections: [{ id: "imp_c_id", name: "imp_a2" }] }, "same name under another id"),
    ],
  },
  {
    name: "import: deleteMissing",
    steps: [
      collection("imp_old", [text("t")]),
      collection("imp_kept", [text("t"), text("gone")]),
      { as: "root", send: "GET /api/collections/users", save: "users" },
      put({ deleteMissing: true, collections: ["{{users.id}}"] }, "of a string"),
      put({ deleteMissing: "x", collections: [] }),
      put({ deleteMissing: true, collections: ["{{users}}", { id: "{{imp_kept.id}}", name: "imp_kept",
        fields: [text("t")] }] }, "deletes collections and fields"),
      get("imp_old"),
      get("imp_kept"),
      get("users?fields=name,indexes"),
      get("_superusers?fields=name"),
    ],
  },
];
