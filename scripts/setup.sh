#!/usr/bin/env bash
# Installs what GridWall needs on Debian or Ubuntu and nothing twice. Quick when all is there.
#   scripts/setup.sh run          libraries of the window, UI packages, built UI
#   scripts/setup.sh test         the same and what tests drive: a browser, a virtual screen, WebKit's driver
#   scripts/setup.sh shots        the same as test and the tool that shrinks pictures
#   scripts/setup.sh ui-packages  only ui/node_modules
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-test}

run_packages=(
  build-essential pkg-config ca-certificates
  libwebkit2gtk-4.1-dev libgtk-3-dev librsvg2-dev libdbus-1-dev libssl-dev  # the window
  protobuf-compiler                                           # protoc: the native renderer compiles its tile format with it
  libvulkan1 mesa-vulkan-drivers                              # native pictures, in software where there is no GPU
)
test_packages=(
  xvfb webkit2gtk-driver strace
  postgresql                                                  # tests run one of their own; the distribution's is left alone
)
shots_packages=(imagemagick)

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

check_toolchains() {
  local rust_want node_want=20.19 have
  rust_want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  # rustup's own place, when the shell has not been told of it.
  if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then export PATH="$HOME/.cargo/bin:$PATH"; fi
  command -v cargo >/dev/null && command -v rustc >/dev/null ||
    die "GridWall needs Rust $rust_want or newer, and there is no cargo here. Install it from https://rustup.rs, open a new shell, run this again."
  have=$(rustc --version | awk '{print $2}')
  version_at_least "$have" "$rust_want" ||
    die "GridWall needs Rust $rust_want or newer; here is $have. Run: rustup update stable"
  command -v node >/dev/null && command -v npm >/dev/null ||
    die "GridWall needs Node.js $node_want or newer with npm. Install it from https://nodejs.org or your distribution, run this again."
  have=$(node --version | tr -d v)
  version_at_least "$have" "$node_want" ||
    die "GridWall needs Node.js $node_want or newer; here is $have."
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then
    if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
  else die "Not root and no sudo here. As root, run: $*"; fi
}

# install_packages PACKAGE... : asks apt only for what is missing.
install_packages() {
  local missing=() package
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Installing: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" >&2
}

system_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "This is not Debian or Ubuntu: install the counterparts of these yourself: $*"
    return 0
  fi
  install_packages "$@"
}

# A browser for the tests: the distribution's Chromium, else (Ubuntu has it as a snap only) the one playwright brings.
browser() {
  if node scripts/lib/chromium.mjs >/dev/null 2>&1; then return 0; fi
  if command -v apt-get >/dev/null && [ "$(. /etc/os-release; echo "$ID")" = debian ]; then
    install_packages chromium
  else
    say "Installing playwright's Chromium"
    if command -v apt-get >/dev/null; then as_root env "PATH=$PATH" node ui/node_modules/playwright-core/cli.js install-deps chromium >&2; fi
    node ui/node_modules/playwright-core/cli.js install chromium >&2
  fi
  node scripts/lib/chromium.mjs >/dev/null || die "No Chromium to test with. Set CHROMIUM to one, run this again."
}

# digest FILE... : one line that changes when any of them does.
digest() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

ui_packages() {
  local stamp=ui/node_modules/.gridwall-packages key
  key=$(digest ui/package.json ui/package-lock.json)
  [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return 0
  say "Installing UI packages"
  (cd ui && npm ci --no-audit --no-fund --loglevel=error) >&2
  echo "$key" >"$stamp"
}

ui_build() {
  local stamp=ui/node_modules/.gridwall-build key files
  mapfile -d '' files < <(find ui \( -path ui/node_modules -o -path ui/dist \) -prune -o -type f -print0 | sort -z)
  key=$(digest "${files[@]}")
  [ -f ui/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return 0
  say "Building the user interface"
  (cd ui && npm run --silent build -- --logLevel error) >&2
  echo "$key" >"$stamp"
}

check_toolchains
case $what in
  ui-packages) ui_packages ;;
  run) system_packages "${run_packages[@]}"; ui_packages; ui_build ;;
  test) system_packages "${run_packages[@]}" "${test_packages[@]}"; ui_packages; browser; ui_build ;;
  shots) system_packages "${run_packages[@]}" "${test_packages[@]}" "${shots_packages[@]}"; ui_packages; browser; ui_build ;;
  *) die "setup.sh run|test|shots|ui-packages" ;;
esac
