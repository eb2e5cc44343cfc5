// Subscribes to `posts/*` many times and reads: node listen.mjs URL COUNT. Says "ready", and when it is stopped, how many
// events came in all.
const [url, count] = [process.argv[2], Number(process.argv[3])];
const text = new TextDecoder();
let lines = 0;

async function listen() {
  const stream = await fetch(`${url}/api/realtime`);
  const reader = stream.body.getReader();
  const { value } = await reader.read();
  const [, clientId] = /^id:(\w+)/.exec(text.decode(value));
  await fetch(`${url}/api/realtime`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ clientId, subscriptions: ["posts/*"] }),
  });
  return reader;
}

async function read(reader) {
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    for (const byte of value) if (byte === 10) lines += 1;
  }
}

for (let n = 0; n < count; n += 1) read(await listen()).catch((error) => console.error(error.message));
console.log("ready");
// Nobody listening is something to wait for, too.
setInterval(() => {}, 1000);
process.on("SIGTERM", () => {
  // An event has four lines.
  console.log(Math.floor(lines / 4));
  process.exit();
});
