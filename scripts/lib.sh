# shellcheck shell=bash
# Functions that the scripts next to this file share. Sourced, never run.

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

can_apt() { [ "$(id -u)" -eq 0 ] && have apt-get; }

# Fails without Rust. rust-toolchain.toml names a version; where rustup has none of that name and cannot download it, its
# stable toolchain may be the same one.
use_rust() {
  have cargo || fail "Rust is needed: cargo and rustc, by rustup"
  if cargo --version >/dev/null 2>&1; then return; fi
  RUSTUP_TOOLCHAIN=stable cargo --version >/dev/null 2>&1 || fail "cargo does not run; see: cargo --version"
  export RUSTUP_TOOLCHAIN=stable
  say "rustup cannot download the toolchain of rust-toolchain.toml: using $(cargo --version)"
}

# Uses the Node.js that scripts/setup downloads when the system's is too old.
use_own_node() {
  local bin=${CARGO_TARGET_DIR:-target}/node/node_modules/node/bin
  if [ -d "$bin" ]; then PATH=$(cd "$bin" && pwd):$PATH; fi
}

# apt_install PACKAGE...: installs Debian packages; the caller has asked can_apt.
apt_install() {
  say "installing with apt-get: $*"
  export DEBIAN_FRONTEND=noninteractive
  # Services in the packages are not started, unless the system has a policy of its own about that.
  (
    policy=/usr/sbin/policy-rc.d
    if ! [ -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
    fi
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"
  ) >/dev/null || fail "apt-get could not install: $*"
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

wasm_triple=wasm32-unknown-unknown
# Debian has no compiled standard library for this target; its source is compiled along.
wasm_debian=(rustc-web cargo-web rust-web-src lld-22)

rustup_has_wasm() { have rustup && rustup target list --installed 2>/dev/null | grep -qx "$wasm_triple"; }
rustup_adds_wasm() { have rustup && rustup target add "$wasm_triple" >/dev/null 2>&1; }
debian_has_wasm() { have dpkg-query && dpkg-query --show "${wasm_debian[@]}" >/dev/null 2>&1; }

# wasm_cargo COMMAND ARGS...: cargo for WebAssembly: with rustup's target, or with Debian's compiler and standard
# library where rustup has none and cannot download it.
wasm_cargo() {
  local command=$1
  shift
  if rustup_has_wasm || rustup_adds_wasm; then
    say "$command for $wasm_triple, with rustup's target"
    cargo "$command" --target "$wasm_triple" "$@"
  elif debian_has_wasm || can_apt; then
    debian_has_wasm || apt_install "${wasm_debian[@]}"
    say "$command for $wasm_triple, with Debian's compiler and standard library"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
      /usr/bin/cargo "$command" -Z build-std=std,panic_abort --target "$wasm_triple" "$@"
  else
    fail "the target is needed: rustup target add $wasm_triple (or, on Debian: apt-get install ${wasm_debian[*]})"
  fi
}

# A test runs PostgreSQL in German.
have_german() { locale -a 2>/dev/null | grep -qix 'de_DE\.utf-\?8'; }
# add_german: compiles the locale from the sources in Debian's package `locales`.
add_german() { have_german || localedef -i de_DE -f UTF-8 de_DE.UTF-8 >/dev/null 2>&1 || true; }
