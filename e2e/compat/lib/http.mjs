// A plain HTTP client: unlike `fetch` it sends paths, bodies and headers exactly as given.
import http from "node:http";
import https from "node:https";

const agents = {
  "http:": new http.Agent({ keepAlive: false }),
  "https:": new https.Agent({ keepAlive: false }),
};

/** Sends one request and reads the whole answer. */
export function send(base, { method, path, headers = {}, body }) {
  const url = new URL(base);
  const { request } = url.protocol === "https:" ? https : http;
  const payload = body === undefined ? undefined : Buffer.from(body);
  const options = {
    agent: agents[url.protocol],
    hostname: url.hostname,
    port: url.port,
    method,
    path,
    headers: payload ? { "Content-Length": payload.length, ...headers } : headers,
    timeout: 30_000,
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode,
          headers: answer.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path} within 30 s`)));
    sent.on("error", reject);
    sent.end(payload);
  });
}

/** The JSON of an answer, or undefined if it has none. */
export function json(answer) {
  try {
    return JSON.parse(answer.text);
  } catch {
    return undefined;
  }
}
