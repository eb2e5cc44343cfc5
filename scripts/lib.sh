# shellcheck shell=bash
# What the scripts beside this file share. Sourced, never run.

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

can_apt() { [ "$(id -u)" -eq 0 ] && have apt-get; }

# apt_install PACKAGE...: installs Debian packages; the caller has asked can_apt.
apt_install() {
  say "installing with apt-get: $*"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null ||
    fail "apt-get could not install: $*"
}

# Prints the folder with initdb and pg_ctl. Debian keeps them out of PATH.
postgres_bin() {
  local dir dirs=()
  if have initdb; then dirs+=("$(dirname "$(command -v initdb)")"); fi
  # The newest release first.
  while read -r dir; do dirs+=("$dir"); done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV)
  if have pg_config; then dirs+=("$(pg_config --bindir)"); fi
  for dir in "${dirs[@]}"; do
    if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/psql" ]; then
      printf '%s\n' "$dir"
      return
    fi
  done
  return 1
}
