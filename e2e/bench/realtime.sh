#!/usr/bin/env bash
# What subscribers cost a create: e2e/bench/realtime.sh PLINTH [--database-url postgres://…]
# Three rounds of creates at 16 connections with nobody listening, one and a hundred; CPU is the server's, by create.
set -euo pipefail
cd "$(dirname "$0")/../.."

plinth=$1
shift
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
url=http://127.0.0.1:18790
printf '1234567890\n' | "$plinth" --dir "$dir" "$@" superuser upsert root@example.com --password-stdin >/dev/null
"$plinth" --dir "$dir" "$@" serve --http "${url#http://}" 2>"$dir/log" &
server=$!
until curl -sf "$url/api/health" >/dev/null; do sleep 0.2; done

post() { curl -sf "$url$1" -H "Authorization: ${3:-}" -H 'Content-Type: application/json' -d "$2"; }
token=$(post /api/collections/_superusers/auth-with-password '{"identity":"root@example.com","password":"1234567890"}' |
  node -pe 'JSON.parse(require("fs").readFileSync(0)).token')
post /api/collections '{"name":"posts","type":"base","listRule":"","viewRule":"","createRule":"","fields":[
  {"name":"title","type":"text"},{"name":"body","type":"text"},{"name":"views","type":"number"},
  {"name":"published","type":"bool"}]}' "$token" >/dev/null

# Hundredths of a second.
cpu() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }
creates() { # SECONDS LISTENERS
  local before result
  before=$(cpu)
  result=$(wrk -t1 -c16 -d"$1s" -s e2e/bench/requests.lua "$url" -- create 1 "$RANDOM$RANDOM" | sed -n 's/^RESULT //p')
  # What was written is still being told.
  sleep 3
  node -p '
    const [result, ticks, listeners] = [JSON.parse(process.argv[1]), Number(process.argv[2]), process.argv[3]];
    const { requests, seconds, p50, p99, failed } = result;
    `${listeners} listening: ${Math.round(requests / seconds)} req/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ` +
      `CPU ${((ticks * 10) / requests).toFixed(2)} ms a create, ${failed} failed`
  ' "$result" "$(($(cpu) - before))" "$2"
}

creates 2 0 >/dev/null
for _ in 1 2 3; do
  for listeners in 0 1 100; do
    node e2e/bench/listen.mjs "$url" "$listeners" >"$dir/listening" &
    listening=$!
    until grep -q ready "$dir/listening"; do sleep 0.1; done
    creates 4 "$listeners"
    kill "$listening"
    wait "$listening" || true
    echo "  $(tail -n 1 "$dir/listening") events"
  done
done
