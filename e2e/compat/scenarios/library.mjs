// The data set that the scenarios about lists, filters and expansion share: authors, books (which have an author, tags
// and a sequel), and reviews of books. Ids are given, so that their order is the same on both servers.
import { bool, collection, date, email, id, json, number, open, record, relation, select, text,
  url } from "./shapes.mjs";

const author = (word, body) => record("authors", { id: id(word), ...body });
const tag = (word) => record("tags", { id: id(word), name: word });
const book = (word, body) => record("books", { id: id(word), ...body });
const review = (word, body) => record("reviews", { id: id(word), ...body });

export const library = [
  collection("authors", [text("name"), email("mail"), bool("active"), text("secret", { hidden: true })], open),
  collection("tags", [text("name")], open),
  collection(
    "books",
    [
      text("title"), number("pages"), bool("lent"), date("printed"), url("site"), email("contact"), json("meta"),
      select("genre", { values: ["novel", "poetry", "essay"] }), select("moods", { values: ["sad", "funny", "dark"],
        maxSelect: 3 }),
      relation("author", "{{authors.id}}"), relation("tags", "{{tags.id}}", { maxSelect: 9 }), text("secret",
        { hidden: true }),
    ],
    open,
  ),
  collection("reviews", [text("words"), number("stars"), relation("book", "{{books.id}}", { cascadeDelete: true }),
    relation("by", "{{authors.id}}")], open),
  collection("covers", [text("colour"), relation("book", "{{books.id}}")], { ...open,
    indexes: ["CREATE UNIQUE INDEX idx_covers ON covers (book)"] }),
  author("ann", { name: "Ann", mail: "ann@example.com", active: true, secret: "a" }),
  author("bob", { name: "bob", mail: "bob@example.com", active: false, secret: "b" }),
  author("cyd", { name: "", active: true }),
  tag("red"), tag("green"), tag("blue"),
  book("b1", { title: "Alpha", pages: 100, lent: true, printed: "2020-01-02 03:04:05.000Z",
    site: "http://a.example.com", genre: "novel", moods: ["sad", "funny"], author: id("ann"), tags: [id("red"),
    id("green")], meta: { a: 1, list: [1, 2, 3], deep: { x: "y" } }, secret: "s" }),
  book("b2", { title: "beta", pages: 0, lent: false, genre: "poetry", moods: ["dark"], author: id("bob"),
    tags: [id("red")], meta: "text", contact: "b@example.com" }),
  book("b3", { title: "Gamma 100%", pages: -5.5, printed: "2021-06-07 08:09:10.000Z", moods: [], author: id("ann"),
    tags: [], meta: null }),
  book("b4", { title: "", pages: 250, lent: true, printed: "2020-12-31 23:59:59.999Z", genre: "essay", moods: ["sad",
    "funny", "dark"], tags: [id("blue"), id("green"), id("red")], meta: [{ k: "v" }, 2] }),
  book("b5", { title: "it's \"quoted\" \\ _under_ é É", pages: 100, genre: "novel", moods: ["funny"], author: id("cyd"),
    tags: [id("blue")], meta: 5 }),
  book("b6", { title: "alpha", pages: 99, lent: false, author: id("bob"), tags: [id("green")], meta: { a: "1",
    deep: { x: null } } }),
  review("r1", { words: "good", stars: 5, book: id("b1"), by: id("bob") }),
  review("r2", { words: "bad", stars: 1, book: id("b1"), by: id("cyd") }),
  review("r3", { words: "good", stars: 4, book: id("b2"), by: id("ann") }),
  review("r4", { words: "", stars: 0, book: id("b4") }),
  record("covers", { id: id("cover1"), colour: "red", book: id("b1") }),
];
