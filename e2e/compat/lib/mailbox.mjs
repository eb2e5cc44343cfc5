// A real mail server (npm's smtp-server) on loopback, which keeps each mail as a file: other processes read them.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";

const ARRIVES_WITHIN_MS = 20_000;

/** A server that takes what `options` (smtp-server's) let it take. */
export async function startMailServer(options = {}) {
  const directory = await mkdtemp(join(tmpdir(), "compat-mail-"));
  let count = 0;
  const server = new SMTPServer({
    disabledCommands: options.key ? [] : ["STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    ...options,
    onData(stream, session, done) {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        count += 1;
        const mail = {
          to: session.envelope.rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user ?? null,
          raw: Buffer.concat(chunks).toString(),
        };
        writeFile(join(directory, `${String(count).padStart(6, "0")}.json`), JSON.stringify(mail)).then(
          () => done(),
          done,
        );
      });
    },
  });
  // A client that hangs up is part of the tests.
  server.on("error", () => {});
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    name: "mail server",
    directory,
    async log() {
      return (await mailsIn(directory)).map(({ to, raw }) => `${to}: ${/^Subject: .*/m.exec(raw)}`).join("\n");
    },
    port: server.server.address().port,
    async stop() {
      await new Promise((closed) => server.close(closed));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** All mails so far, as `{ to, secure, user, raw, text }`; `text` is `raw` with quoted-printable undone. */
export async function mailsIn(directory) {
  const names = (await readdir(directory)).sort();
  const mails = [];
  for (const name of names) {
    // One that is being written is not there yet.
    const mail = await readFile(join(directory, name), "utf8").then(JSON.parse).catch(() => undefined);
    if (mail) mails.push({ ...mail, text: unquoted(mail.raw) });
  }
  return mails;
}

/** The newest mail to this address with a link of this kind; waits for it. */
export async function mailTo(directory, address, kind = "") {
  const deadline = Date.now() + ARRIVES_WITHIN_MS;
  while (Date.now() < deadline) {
    const found = (await mailsIn(directory)).filter(({ to, text }) => to.includes(address) && text.includes(kind));
    if (found.length > 0) return found.at(-1);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail to ${address} with ${kind} arrived within ${ARRIVES_WITHIN_MS} ms`);
}

function unquoted(raw) {
  const bytes = raw
    .replaceAll("=\r\n", "")
    .replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
