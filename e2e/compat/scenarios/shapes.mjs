// Short ways to write what scenarios are made of. They only build data.

const ofType = (type) => (name, options = {}) => ({ type, name, ...options });

export const text = ofType("text");
export const number = ofType("number");
export const bool = ofType("bool");
export const email = ofType("email");
export const url = ofType("url");
export const date = ofType("date");
export const autodate = ofType("autodate");
export const select = ofType("select");
export const json = ofType("json");
export const editor = ofType("editor");
export const geoPoint = ofType("geoPoint");
export const file = ofType("file");
export const password = ofType("password");
export const relation = (name, collectionId, options = {}) => ({ type: "relation", name, collectionId, ...options });

/** Rules that let everybody in. */
export const open = { listRule: "", viewRule: "", createRule: "", updateRule: "", deleteRule: "" };

/** Creates a collection as the superuser and saves it under its name. */
export function collection(name, fields, options = {}) {
  return {
    as: "root",
    send: "POST /api/collections",
    body: { name, type: "base", ...options, fields },
    save: name,
  };
}

/** Creates a record, saved under `options.save`. */
export function record(collectionName, body, options = {}) {
  return { as: "root", send: `POST /api/collections/${collectionName}/records`, body, ...options };
}

/** Lists records with the given query parameters. */
export function list(collectionName, query = {}, options = {}) {
  const search = new URLSearchParams(query).toString();
  return {
    as: "root",
    send: `GET /api/collections/${collectionName}/records${search ? `?${search}` : ""}`,
    name: `list ${collectionName} ${JSON.stringify(query)} as ${options.as ?? "root"}`,
    ...options,
  };
}

/** Signs in to an auth collection and saves the answer under `save`. */
export function signIn(collectionName, identity, secret, save) {
  return {
    send: `POST /api/collections/${collectionName}/auth-with-password`,
    body: { identity, password: secret },
    save,
  };
}

/** An id of the usual length that tells what it is for. */
export const id = (word) => word.padEnd(15, "0").slice(0, 15);
