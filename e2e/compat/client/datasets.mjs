// Real data instead of toy data: what the server answers is compared with the same question asked of the array.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Sandbox, superuser } from "../lib/fixture.mjs";

const packageDir = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "..");

describe("a data set of 406 cars", () => {
  let sandbox;
  let cars;
  let rows;
  before(async () => {
    const root = await superuser();
    sandbox = new Sandbox(root);
    const data = JSON.parse(await readFile(join(packageDir, "data/cars.json"), "utf8"));
    rows = data.map((car, n) => ({
      n,
      label: car.Name,
      mpg: car.Miles_per_Gallon ?? 0,
      cylinders: car.Cylinders,
      weight: car.Weight_in_lbs,
      built: `${car.Year} 00:00:00.000Z`,
      origin: car.Origin,
    }));
    const number = (name) => ({ type: "number", name });
    const { name } = await sandbox.collection("cars", [
      number("n"),
      { type: "text", name: "label" },
      number("mpg"),
      number("cylinders"),
      number("weight"),
      { type: "date", name: "built" },
      { type: "select", name: "origin", values: ["USA", "Europe", "Japan"] },
    ]);
    cars = root.collection(name);
    for (let from = 0; from < rows.length; from += 50)
      await Promise.all(rows.slice(from, from + 50).map((row) => cars.create(row)));
  });
  after(() => sandbox.clean());

  const asked = async (filter) => (await cars.getFullList({ filter, sort: "n", fields: "n" })).map(({ n }) => n);
  const expected = (test) => rows.filter(test).map(({ n }) => n);

  test("all of it is there", async () => {
    const all = await cars.getFullList({ sort: "n", batch: 100 });
    assert.deepEqual(
      all.map(({ n, label, mpg, built, origin }) => [n, label, mpg, built, origin]),
      rows.map(({ n, label, mpg, built, origin }) => [n, label, mpg, built, origin]),
    );
  });

  for (const [filter, matches] of [
    ["mpg > 30 && origin = 'Japan'", (car) => car.mpg > 30 && car.origin === "Japan"],
    [
      "origin != 'USA' || cylinders = 8 && weight >= 4500",
      (car) => car.origin !== "USA" || (car.cylinders === 8 && car.weight >= 4500),
    ],
    ["label ~ 'ford' && label !~ 'pinto'", (car) => /ford/i.test(car.label) && !/pinto/i.test(car.label)],
    ["label ~ 'v%(sw)'", (car) => /^v.*\(sw\)$/i.test(car.label)],
    ["built >= '1975-01-01' && built < '1978'", (car) => car.built >= "1975-01-01" && car.built < "1978"],
    ["mpg = 0", (car) => car.mpg === 0],
  ]) {
    test(`filter ${filter}`, async () => {
      const numbers = expected(matches);
      assert.ok(numbers.length > 0 && numbers.length < rows.length, "the question is a real one");
      assert.deepEqual(await asked(filter), numbers);
    });
  }

  test("pages in a total order cover it once", async () => {
    const seen = [];
    for (let page = 1; page <= 5; page += 1) {
      const { items, totalItems, totalPages } = await cars.getList(page, 100, { sort: "-weight,n", fields: "n" });
      assert.deepEqual([totalItems, totalPages], [rows.length, 5]);
      seen.push(...items.map(({ n }) => n));
    }
    assert.deepEqual(
      seen,
      [...rows].sort((a, b) => b.weight - a.weight || a.n - b.n).map(({ n }) => n),
    );
  });
});
