// Files: options of the field, uploads, what is wrong with them, and how they are served.
import { collection, file, list, open, record, text } from "./shapes.mjs";

const BOUNDARY = "a-boundary";

/** A multipart body: `[name, text]` for a value, `[name, file's name, content]` for a file. */
function form(parts) {
  const part = ([name, value, content]) => {
    const what = content === undefined ? "" : `; filename="${value}"`;
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${what}\r\n\r\n${content ?? value}\r\n`;
  };
  return {
    raw: `${parts.map(part).join("")}--${BOUNDARY}--\r\n`,
    headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
  };
}

const create = (parts, options = {}) => ({
  send: "POST /api/collections/posts/records",
  name: `create ${JSON.stringify(parts).slice(0, 120)}`,
  ...form(parts),
  ...options,
});

const change = (parts, options = {}) => ({
  send: "PATCH /api/collections/posts/records/{{post.id}}",
  name: `change ${JSON.stringify(parts).slice(0, 120)}`,
  ...form(parts),
  ...options,
});

const get = (path, options = {}) => ({ send: `GET /api/files/${path}`, ...options });

const posts = collection(
  "posts",
  [
    file("one"),
    file("many", { maxSelect: 3, maxSize: 30, mimeTypes: ["text/plain", "image/svg+xml"], thumbs: ["10x10"] }),
    text("title"),
  ],
  open,
);

const withOptions = (options) => ({
  as: "root",
  send: "POST /api/collections",
  name: `field ${JSON.stringify(options)}`,
  body: { name: "bad", type: "base", fields: [file("doc", options)] },
});

const aaa = ["many", "aaa.txt", "a"];
const page = "<!doctype html><html>";

export default [
  {
    name: "files: options",
    steps: [
      posts,
      ...[
        { maxSelect: -1 }, { maxSize: -1 }, { maxSize: 2 ** 53 }, { thumbs: ["a", "10x10", "0x0"] }, { thumbs: ["10x10z"] },
        { thumbs: ["-1x1"] }, { mimeTypes: "x" }, { maxSelect: 1.5 }, { protected: "x" }, { thumbs: { a: 1 } },
      ].map(withOptions),
    ],
  },
  {
    name: "files: uploads",
    steps: [
      posts,
      create([["title", "a"], ["one", "My File (1).TXT", "one"], aaa, ["many", "bbb.txt", "b"]], { save: "post" }),
      { send: "GET /api/collections/posts/records/{{post.id}}" },
      create([["one", "abc", "no ending"]]),
      create([["one", "abc.tar.gz", "two endings"]]),
      create([["one", "fooBarBaz.min.js", "camels"]]),
      create([["one", "my__file--name.txt", "separators"]]),
      create([["one", "../../etc/passwd", "a path"]]),
      create([["one", `${"x".repeat(200)}.txt`, "long"]]),
      create([["one", "abc.superlongextensionsuperlong", "a long ending"]]),
      create([["one", "first.txt", "1"], ["one", "last.txt", "2"]]),
      create([["one", "empty.txt", ""]]),
      create([["title", "text.txt", "for a text"]]),
      create([["nope", "nope.txt", "for nothing"]]),
      change([["many+", "ccc.txt", "c"]], { save: "post" }),
      change([["+many", "ddd.txt", "d"]]),
      change([["many-", "{{post.many.0}}"], ["+many", "ddd.txt", "d"]], { save: "post" }),
      change([["many", "{{post.many.1}}"], ["many", "eee.txt", "e"]], { save: "post" }),
      change([["@jsonPayload", '{"many":["{{post.many.0}}"]}'], ["many", "fff.txt", "f"]], { save: "post" }),
      change([["one", ""]]),
      { send: "PATCH /api/collections/posts/records/{{post.id}}", body: { many: ["{{post.many.1}}", "{{post.many.0}}"] } },
      { send: "PATCH /api/collections/posts/records/{{post.id}}", body: { many: null } },
    ],
  },
  {
    name: "files: what is wrong with them",
    steps: [
      posts,
      create([aaa, aaa, aaa, aaa]),
      create([aaa, ["many", "bbb.txt", "x".repeat(31)]]),
      create([["one", "bbb.txt", "x".repeat(5 * 1024 * 1024 + 1)]], { name: "create 5 MB and a byte" }),
      create([["many", "page.html", page]]),
      create([["many", "page.html", page], ["many", "bbb.txt", "x".repeat(31)]]),
      create([["many", "other.txt"], aaa]),
      create([["many", "other.txt"], ["many", "page.html", page]]),
      create([["one", "other.txt"]]),
      ...[
        { many: ["x", "y"] }, { many: ["x", "y", "z", "w"] }, { one: "x.txt" }, { many: { a: 1 } }, { many: [1, true] },
        { "many+": ["x"] }, { many: "" }, { one: ["x", "y"] },
      ].map((body) => record("posts", body, { name: `create ${JSON.stringify(body)}` })),
      collection("needed", [file("doc", { required: true })], open),
      record("needed", {}),
      record("needed", { doc: "" }),
    ],
  },
  {
    name: "files: a single one and several",
    steps: [
      posts,
      create([["one", "one.txt", "1"], aaa, ["many", "bbb.txt", "b"], ["many", "ccc.txt", "c"]], { save: "post" }),
      create([["title", "none"]]),
      {
        as: "root",
        send: "PATCH /api/collections/posts",
        body: {
          fields: [
            file("one", { id: "{{posts.fields.1.id}}", maxSelect: 3 }),
            file("many", { id: "{{posts.fields.2.id}}", maxSelect: 1 }),
          ],
        },
      },
      list("posts", {}),
      get("posts/{{post.id}}/{{post.one}}"),
      get("posts/{{post.id}}/{{post.many.2}}"),
      change([["one+", "ddd.txt", "d"]]),
      change([["many", "eee.txt", "e"]]),
      list("posts", {}),
    ],
  },
  {
    name: "files: filters",
    steps: [
      posts,
      create([aaa, ["many", "bbb.txt", "b"], ["one", "ccc.txt", "c"]]),
      create([["many", "ddd.txt", "d"]]),
      create([["title", "none"]]),
      ...[
        "many ~ 'aaa_'", "many ?~ 'aaa_'", "many:length = 2", "many:length > 0", "many:each ~ '.txt'", "many:each ?~ 'bbb_'",
        "many = ''", "many != ''", "one = ''", "one ~ 'ccc_'", "one:length = 1", "one:each ~ 'ccc_'", "many !~ 'aaa_'",
      ].map((filter) => list("posts", { filter, sort: "title" })),
    ],
  },
  {
    name: "files: serving",
    steps: [
      posts,
      create([
        ["one", "page.html", page], aaa,
        ["many", "pic.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>".slice(0, 30)],
      ]),
      create([["one", "page.html", page], aaa], { save: "post" }),
      get("posts/{{post.id}}/{{post.one}}"),
      get("posts/{{post.id}}/{{post.many.0}}"),
      get("{{posts.id}}/{{post.id}}/{{post.many.0}}?download=1"),
      get("posts/{{post.id}}/{{post.many.0}}?thumb=10x10"),
      get("posts/{{post.id}}/{{post.many.0}}?thumb=11x11"),
      { send: "HEAD /api/files/posts/{{post.id}}/{{post.one}}" },
      ...["bytes=0-3", "bytes=-3", "bytes=4-", "bytes=0-9999", "bytes=0-1,900-"].map((range) =>
        get("posts/{{post.id}}/{{post.one}}", { headers: { Range: range }, name: `range ${range}` }),
      ),
      ...["bytes=3-1", "bytes=900-", "items=0-1"].map((range) =>
        get("posts/{{post.id}}/{{post.one}}", { headers: { Range: range }, name: `bad range ${range}` }),
      ),
      get("posts/{{post.id}}/{{post.one}}", { headers: { "If-None-Match": "*" }, name: "known" }),
      get("posts/{{post.id}}/{{post.one}}", { headers: { "If-Match": '"x"' }, name: "another" }),
      get("posts/{{post.id}}/missing.txt"),
      get("posts/{{post.id}}/..%2f..%2fdata.db"),
      get("posts/{{post.id}}/%00"),
      get("posts/missing00000000/{{post.one}}"),
      get("missing/{{post.id}}/{{post.one}}"),
      get("posts/{{post.id}}"),
      get("posts/{{post.id}}/{{post.one}}/more"),
      { send: "POST /api/files/posts/{{post.id}}/{{post.one}}" },
    ],
  },
  {
    name: "files: protected",
    steps: [
      collection(
        "posts",
        [file("doc", { protected: true }), file("free"), text("title")],
        { ...open, viewRule: "@request.auth.id != '' && @request.context = 'protectedFile'" },
      ),
      create([["doc", "doc.txt", "secret"], ["free", "free.txt", "free"]], { as: "root", save: "post" }),
      { send: "POST /api/files/token" },
      { as: "root", send: "POST /api/files/token", save: "file" },
      get("posts/{{post.id}}/{{post.doc}}"),
      get("posts/{{post.id}}/{{post.doc}}", { as: "root" }),
      get("posts/{{post.id}}/{{post.doc}}?token={{file.token}}", { name: "with a file token" }),
      get("posts/{{post.id}}/{{post.doc}}?token={{root.token}}", { name: "with another token" }),
      get("posts/{{post.id}}/{{post.doc}}?token=abc"),
      get("posts/{{post.id}}/{{post.free}}"),
      { send: "PATCH /api/collections/posts", as: "root", body: { viewRule: null } },
      get("posts/{{post.id}}/{{post.free}}"),
      get("posts/{{post.id}}/{{post.doc}}?token={{file.token}}", { name: "with a superuser's file token" }),
      { send: "GET /api/collections", headers: { Authorization: "{{file.token}}" }, name: "a file token is no other" },
    ],
  },
];
