import { autodate, bool, collection, date, editor, email, geoPoint, json, number, open, password, record, relation, select, text,
  url } from "./shapes.mjs";

const long = (length) => "a".repeat(length);

/** A collection with one field `v`, a record made with each value, then each value sent as an update of a good one. */
function values(name, field, tried, good) {
  const as = "root";
  const thing = "/api/collections/things/records/{{thing.id}}";
  return {
    name: `values: ${name}`,
    steps: [
      collection("things", [field], open),
      ...tried.map((v) => record("things", { v }, { name: `create with ${show(v)}` })),
      record("things", {}, { name: "create without it" }),
      record("things", { v: good }, { name: "create with a good one", save: "thing" }),
      ...tried.map((v) => ({ as, send: `PATCH ${thing}`, body: { v }, name: `update to ${show(v)}` })),
      { as, send: `GET ${thing}` },
    ],
  };
}

const show = (value) => (JSON.stringify(value) ?? "undefined").slice(0, 60);

const wrong = [null, true, false, 0, 5, -1.5, "", "text", " padded ", [], ["a"], {}, { a: 1 }];

const dates = [
  "2024-01-02 03:04:05.678Z", "2024-01-02 03:04:05.678", "2024-01-02T03:04:05.678Z", "2024-01-02T03:04:05Z",
  "2024-01-02 03:04:05Z",
  "2024-01-02 03:04:05", "2024-01-02T03:04:05+02:00", "2024-01-02 03:04:05.678 +0200 CEST",
  "2024-01-02 03:04:05 +0000 UTC", "2024-01-02",
  "2024-01-02 03:04", "2024-01-02T03:04", "2024-01", "2024", "02.01.2024", "01/02/2024", "Jan 2, 2024", "2 Jan 2024",
  "Tue, 02 Jan 2024 03:04:05 GMT",
  "2024-02-30", "2024-13-01", "0001-01-01 00:00:00.000Z", "9999-12-31 23:59:59.999Z", "2024-01-02 03:04:05.123456789Z",
  "now", "@now",
  1704164645, 1704164645678, "1704164645", 1.5, 0, true, null, "", [], {},
];

export default [
  values("text", text("v"), [...wrong, long(5000), long(5001), "é漢😀", "<b>&</b>", "line\nbreak", "\u0000"]),
  values("text with limits", text("v", { min: 2, max: 4, required: true }), ["", null, "a", "ab", "abcd", "abcde",
    "é漢😀x", "😀", 0, 12, 12345, true], "abc"),
  values("text with a pattern", text("v", { pattern: "^[a-z]+$" }), ["", "abc", "ABC", "a1", "a\nb", 5]),
  values("text generated", text("v", { autogeneratePattern: "[x]{3}", pattern: "^x+$" }), ["x", "y", "", null]),
  values("number", number("v"), [...wrong, "5", "5.5", "-0", "1e3", "0x10", " 5 ", "5a", "NaN", "Infinity", 1e21, 1e300,
    0.1, 9007199254740993, -0, 12345678901234567890, 1.0, 1e-7, 100000000000000000000]),
  values("number with limits", number("v", { min: -5, max: 10 }), [-6, -5, 0, 10, 10.01, 11, "11", "x"]),
  values("number above zero", number("v", { min: 1, max: 10 }), [0, 0.5, 1, null]),
  values("number required", number("v", { min: 1, required: true }), [0, null, 0.5, 1, "", "0"], 2),
  values("number whole", number("v", { onlyInt: true }), [1, 1.5, "2", "2.5", 1e3, -3, 2.0]),
  values("bool", bool("v"), [...wrong, "true", "false", "TRUE", "t", "1", "0", "yes", "on", 1]),
  values("bool required", bool("v", { required: true }), [true, false, null, "true", "x"], true),
  values("email", email("v"), [...wrong, "a@b.co", "A@B.CO", "a@b", "a@localhost", "a b@c.de", "a@b.co ", "é@b.co",
    "a@é.com", "a+b@c.de", "a@b..co", "@b.co", "a@", `${long(65)}@b.co`, `a@${long(250)}.co`, "Ann <a@b.co>"]),
  values("email with domains", email("v", { onlyDomains: ["a.com", "b.org"] }), ["x@a.com", "x@A.COM", "x@sub.a.com",
    "x@c.com", ""]),
  values("email except domains", email("v", { exceptDomains: ["a.com"], required: true }), ["x@a.com", "x@A.com",
    "x@sub.a.com", "x@c.com", ""], "x@c.com"),
  values("url", url("v"), [...wrong, "http://a.co", "https://a.co/p?q=1#f", "ftp://a.co", "a.co", "www.a.co", "http://",
    "http://localhost", "http://localhost:80/x", "http://127.0.0.1", "http://[::1]/", "http://a b.co", "HTTP://A.CO",
    "mailto:a@b.co", "javascript:alert(1)", "//a.co", "/path", "http://a.co/é", "http://user:pw@a.co", "http://a"]),
  values("url with domains", url("v", { onlyDomains: ["a.com"] }), ["http://a.com", "http://www.a.com", "http://b.com",
    "http://a.com:8080/x", "http://A.com"]),
  values("editor", editor("v"), [...wrong, "<p>a</p>", "<b>&</b>", " ", "é漢😀", "\u0000", long(6000)]),
  values("editor small", editor("v", { maxSize: 5, required: true }), ["", null, "12345", "123456", "éé", "ééé", 12345, 123456], "x"),
  values("geoPoint", geoPoint("v"), [...wrong, { lon: 1, lat: 2 }, { lat: 2 }, { lon: "1", lat: 2 }, { lon: null, lat: 2 },
    { Lon: 1, LAT: 2 }, { lon: 1, lat: 2, x: 3 }, { lon: 180, lat: 90 }, { lon: -180, lat: -90 }, { lon: 180.1, lat: 0 },
    { lon: 0, lat: -90.1 }, { lon: 500, lat: 500 }, '{"lon":1.5,"lat":2}', ' {"lat":2}', '{"lon":1', "[1,2]", [1, 2], "null",
    { lon: 0.1, lat: 1e-5 }, { lon: true, lat: [1] }, { lon: -0.0, lat: 0 }]),
  values("geoPoint required", geoPoint("v", { required: true }), [null, {}, { lon: 0, lat: 0 }, { lon: 0, lat: 1 }, "x"],
    { lon: 1, lat: 0 }),
  values("date", date("v"), dates),
  values("date with limits", date("v", { min: "2024-01-01 00:00:00.000Z", max: "2024-12-31 00:00:00.000Z",
    required: true }), ["2023-12-31 23:59:59.999Z", "2024-01-01", "2024-06-01 12:00:00Z", "2024-12-31 00:00:00.001Z",
    "", null, "garbage"], "2024-06-01"),
  values("autodate", autodate("v", { onCreate: true }), ["2020-01-01 00:00:00.000Z", null, 5, "x"]),
  values("select", select("v", { values: ["a", "b", "c"] }), ["a", "", null, "x", ["a"], ["a", "b"], ["x", "b"], [], 5,
    true, "A", '["b"]', { a: 1 }]),
  values("select several", select("v", { values: ["a", "b", "c", "1"], maxSelect: 2 }), ["a", "", null, "x", ["a"],
    ["b", "a"], ["a", "a", "b"], ["a", "b", "c"], ["a", "x"], ["x", "y", "z"], [], [1], 1, [""], ["a", ""],
    '["a","b"]', "a,b", { a: 1 }, [["a"]]]),
  values("select required", select("v", { values: ["a", "b"], maxSelect: 2, required: true }), [[], "", null, [""],
    ["a"], ["x"]], "a"),
  values("json", json("v"), [...wrong, "null", "true", "5", '"quoted"', '{"a":1}', "[1,2]", "{broken", '{"b":1,"a":2}',
    { b: [1, { c: null }], a: "x" }, 1.0, 1e400, 9007199254740993, "é", "  ", " 5 "]),
  values("json small", json("v", { maxSize: 10 }), ["12345678", "123456789", "1234567890a", [1, 2, 3, 4], [1, 2, 3, 4,
    5], ""]),
  values("json required", json("v", { required: true }), [null, "", "null", [], {}, 0, false, "x", '""', "[]", "{}"],
    { a: 1 }),
  values("password", password("v", { min: 3 }), [...wrong, "12", "123", long(71), long(72), "é".repeat(36)]),
  values("password required", password("v", { required: true, pattern: "^\\w+$" }), ["", null, "a b", "abc"], "abc"),
  {
    name: "values: relation",
    steps: [
      collection("targets", [text("name")], open),
      ...["one", "two", "three"].map((name) => record("targets", { id: `target${name}`.padEnd(15, "0"), name })),
      collection("single", [relation("v", "{{targets.id}}")], open),
      collection("several", [relation("v", "{{targets.id}}", { minSelect: 2, maxSelect: 2 })], open),
      collection("needed", [relation("v", "{{targets.id}}", { required: true, maxSelect: 2 })], open),
      ...["single", "several", "needed"].flatMap((name) =>
        [
          ...wrong, "missing", "targetone000000", ["targetone000000"], ["targettwo000000", "targetone000000"],
            ["targetone000000", "targetone000000"],
          ["targetone000000", "targettwo000000", "targetthree0000"], ["targetone000000", "missing"], ["missing",
            "targetone000000"], '["targetone000000"]', [""],
        ].map((v) => record(name, { v }, { name: `${name} with ${show(v)}` })),
      ),
    ],
  },
  {
    name: "values: ids",
    steps: [
      collection("things", [text("t")], open),
      ...["abcdefghijklmno", "abcdefghijklmno", "ABCDEFGHIJKLMNO", "short", "waytoolongforanid1", "with space 0000", "",
        null, 123456789012345, "abc/defghijklmn", "é00000000000000", "has_underscore0", ["abcdefghijklmnp"],
        true].map((value) =>
        record("things", { id: value }, { name: `id ${show(value)}` }),
      ),
      { as: "root", send: "PATCH /api/collections/things/records/abcdefghijklmno", body: { id: "abcdefghijklmno",
        t: "same" } },
      { as: "root", send: "PATCH /api/collections/things/records/abcdefghijklmno", body: { id: "changed00000000" } },
      { as: "root", send: "PATCH /api/collections/things/records/abcdefghijklmno", body: { id: "" } },
      { as: "root", send: "PATCH /api/collections/things/records/abcdefghijklmno", body: { collectionId: "x",
        collectionName: "y", expand: {}, unknown: true } },
      { as: "root", send: "GET /api/collections/things/records/ABCDEFGHIJKLMNO" },
      { as: "root", send: "GET /api/collections/THINGS/records/abcdefghijklmno" },
      collection("loose", [{ type: "text", name: "id", primaryKey: true, required: true, system: true, min: 0, max: 0,
        pattern: "(?s)^.+$" }], open),
      ...["a", "A", "with space", "a/b", "a.b", ".", "..", "é", "a%2Fb", "'quoted'", "con", "nul", "a\\b", "a\nb",
        long(200)].map((value) => record("loose", { id: value }, { name: `loose id ${show(value)}` })),
      { as: "root", send: "GET /api/collections/loose/records/with%20space" },
      { as: "root", send: "GET /api/collections/loose/records/%C3%A9" },
    ],
  },
  {
    name: "values: several errors at once",
    steps: [
      collection("forms", [text("a", { required: true }), number("b", { min: 1, required: true }), email("c",
        { required: true }), url("d"), select("e", { values: ["x"], required: true })], {
        ...open,
        indexes: ["CREATE UNIQUE INDEX idx_forms_c ON forms (c)", "CREATE UNIQUE INDEX idx_forms_ab ON forms (a, b)"],
      }),
      record("forms", {}),
      record("forms", { a: "a", b: 0, c: "c", d: "d", e: "e" }),
      record("forms", { a: "a", b: 1, c: "c@d.ee", e: "x" }, { save: "first" }),
      record("forms", { a: "a", b: 2, c: "c@d.ee", e: "x" }),
      record("forms", { a: "a", b: 1, c: "e@d.ee", e: "x" }),
      record("forms", { a: "a", b: 1, c: "c@d.ee", e: "x" }),
      record("forms", { id: "{{first.id}}", a: "z", b: 9, c: "z@d.ee", e: "x" }),
      record("forms", { a: "b", b: 3, c: "f@d.ee", e: "x" }, { save: "second" }),
      { as: "root", send: "PATCH /api/collections/forms/records/{{second.id}}", body: { c: "c@d.ee" } },
      { as: "root", send: "PATCH /api/collections/forms/records/{{second.id}}", body: { a: "" } },
      { as: "root", send: "PATCH /api/collections/forms/records/{{second.id}}", body: {} },
      { as: "root", send: "PATCH /api/collections/forms/records/missing", body: { a: "" } },
      { as: "root", send: "DELETE /api/collections/forms/records/{{second.id}}" },
      { as: "root", send: "DELETE /api/collections/forms/records/{{second.id}}" },
    ],
  },
];
