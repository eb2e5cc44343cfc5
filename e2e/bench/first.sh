#!/bin/sh
# Compares Plinth with PocketBase in one run on one machine; needs node and wrk:
#   e2e/bench/first.sh PLINTH_BINARY POCKETBASE_BINARY [--seconds 4] [--rounds 3] [--rows 10000]
#                      [--connections 1,16,64] [--only get,create] [--database-url postgres://…] [--json FILE]
# The Markdown report goes to stdout, progress to stderr.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v wrk >/dev/null || { echo "wrk is not installed" >&2; exit 2; }
exec node "$here/first.mjs" "$@"
