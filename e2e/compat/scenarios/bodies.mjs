import { bool, collection, id, json, list, number, open, record, select, text } from "./shapes.mjs";

const FORM = "application/x-www-form-urlencoded";
const PARTS = "multipart/form-data; boundary=x";
const things = collection("things", [text("title"), number("n"), bool("ok"), json("data"),
  select("one", { values: ["a", "b", "1"] }), select("many", { values: ["a", "b", "c"], maxSelect: 3 })], open);
const send = (kind, raw, options = {}) => ({ send: "POST /api/collections/things/records", raw,
  headers: { "Content-Type": kind }, name: `${kind.split(";")[0]} ${raw.slice(0, 100)}`, ...options });

const part = ([name, value, file]) => `--x\r\nContent-Disposition: form-data; name="${name}"${
  file === undefined ? "" : `; filename="${file}"`}\r\n\r\n${value}\r\n`;
export const parts = (...all) => `${all.map(part).join("")}--x--\r\n`;

const texts = ["true", "false", "TRUE", "null", "", "0", "1", "5", "-5", "1.5", "1.50", "0.0", "001", "1e3", "1E5",
  "-0", ".5", "5.", "+5", "NaN", "Infinity", "0x10", "1_000", "[1,2]", '{"a":1}', '"x"', "a", "9007199254740991",
  "100000000000000000000", "0.1", "1000000000000000000000"];

const lines = [
  "", "title", "=x", "&&&", "title=a+b%20c%2B", "title=a&title=b", "n=5&n=6", "many=a&many=b", "many=a", "one=1",
  'many=["a","b"]', "many%2B=a", "%2Bmany=b&many=c", "data=a&data=2&data=true", "title=%zz", "title=a;n=1",
  '@jsonPayload={"title":"001","data":"1"}', '@jsonPayload={"title":"x"}&@jsonPayload={"n":9}&title=plain&data=1',
  "@jsonPayload=", "@jsonPayload=[1]", "@jsonPayload=xx", '@jsonPayload={"title":"x"}&@jsonPayload=null&n=1',
];

const forms = [
  [["title", "a"], ["n", "5"], ["ok", "true"], ["many", "a"], ["many", "b"]],
  [["title", "001"], ["data", "001"]],
  [["title", "a\r\nb"], ["data", "1"], ["data", "x"]],
  [["title", "content", "a.txt"]],
  [["title", "text"], ["title", "content", "a.txt"]],
  [["nothing", "content", "a.txt"], ["n", "5", "n.txt"]],
  [["title", "abc", ""]],
  [["", "x"]],
  [["@jsonPayload", '{"title":"001","data":"1"}'], ["title", "plain"]],
  [["@jsonPayload", '{"title":"x"}', "blob"]],
  [["@jsonPayload", "{"]],
  [],
];

export default [
  {
    name: "bodies: forms of one line",
    steps: [
      things,
      ...texts.flatMap((value) => ["data", "title", "n"].map((name) =>
        send(FORM, `${name}=${encodeURIComponent(value)}`))),
      ...lines.map((line) => send(FORM, line)),
    ],
  },
  {
    name: "bodies: forms of parts",
    steps: [
      things,
      ...texts.map((value) => send(PARTS, parts(["data", value]), { name: `data ${value}` })),
      ...forms.map((form) => send(PARTS, parts(...form), { name: `parts ${JSON.stringify(form)}` })),
      send(PARTS, parts(...Array(1001).fill(["k", "v"])), { name: "too many parts" }),
      send(PARTS, parts(...Array(1000).fill(["k", "v"])), { name: "many parts" }),
      send("multipart/form-data", parts(["title", "a"])),
      send(PARTS, "hello"),
      send(PARTS, '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nabc'),
      send(PARTS, '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nabc\r\n--x'),
      send(PARTS, `before\r\n${parts(["title", "a"])}after`),
      send('multipart/form-data; boundary="x"', parts(["title", "a"])),
      send("multipart/mixed; boundary=x", parts(["title", "a"])),
      send("text/xml", "<x><title>a</title></x>"),
      send("application/xml", "<x><title>a</title></x>"),
    ],
  },
  {
    name: "bodies: updates and other routes",
    steps: [
      things,
      record("things", { id: id("one"), title: "a", many: ["a"], n: 1 }),
      ...["n%2B=2", "many%2B=b", "%2Bmany=c", "many-=a", "title=001&n=1.50", '@jsonPayload={"n-":1}'].map((line) =>
        send(FORM, line, { send: `PATCH /api/collections/things/records/${id("one")}` })),
      send(PARTS, parts(["title", "parts"], ["n+", "1"]), { send: `PATCH /api/collections/things/records/${id("one")}`,
        name: "parts" }),
      list("things"),
      ...[FORM, PARTS].flatMap((kind) => [["identity", "x"], ["password", "001"], ["", ""]].map((_, n, all) => {
        const fields = all.slice(0, n).map(([name, value]) => [name, value]);
        const raw = kind === FORM ? fields.map((field) => field.join("=")).join("&") || "z=" : parts(...fields);
        return send(kind, raw, { send: "POST /api/collections/users/auth-with-password",
          name: `sign in ${kind} ${n}` });
      })),
      send(FORM, "identity=%zz", { send: "POST /api/collections/users/auth-with-password" }),
      send(FORM, "name=made&type=base", { as: "root", send: "POST /api/collections" }),
      send(PARTS, parts(["@jsonPayload", JSON.stringify({ name: "made2", type: "base", fields: [text("a")] })]),
        { as: "root", send: "POST /api/collections", name: "create collection by parts" }),
      send(PARTS, parts(["@jsonPayload", '{"listRule":""}']),
        { as: "root", send: "PATCH /api/collections/made2", name: "change collection by parts" }),
    ],
  },
];
