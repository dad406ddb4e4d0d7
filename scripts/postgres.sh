#!/usr/bin/env bash
# A PostgreSQL of one's own for tests, on loopback, apart from whatever else runs here.
#   scripts/postgres.sh run COMMAND...    starts one, runs the command with its address in GRIDWALL_TEST_DB, ends it
#   scripts/postgres.sh start FOLDER      starts one whose files lie in FOLDER (made when it is new); prints its address
#   scripts/postgres.sh stop FOLDER [immediate|fast]   ends it; immediate = as if it had been killed
#   scripts/postgres.sh remove FOLDER     ends it and removes its files
# PostgreSQL refuses to run as root: then it runs as the user postgres.
set -euo pipefail
cd "$(dirname "$0")/.."

die() { printf '%s\n' "$*" >&2; exit 1; }

# The newest that is installed; Debian keeps the programs out of PATH.
bin() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(dirname "$(command -v initdb || true)")
  [ -x "$found/initdb" ] || die "There is no PostgreSQL here: scripts/setup.sh test installs it."
  printf '%s' "$found"
}

as_owner() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

free_port() { node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

start() {
  local folder=$1 data=$1/data bin port
  bin=$(bin)
  mkdir -p "$folder"
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  if [ ! -e "$data/PG_VERSION" ]; then
    as_owner "$bin/initdb" -D "$data" --auth=trust --username=gridwall --encoding=UTF8 --locale=C --no-instructions >/dev/null
    port=$(free_port)
    # Tests have schemas of their own and many connections; what is acknowledged is on disk here as anywhere.
    as_owner tee -a "$data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$folder'
max_connections = 400
shared_buffers = 64MB
log_min_messages = fatal
CONF
  fi
  as_owner "$bin/pg_ctl" -D "$data" -l "$folder/log" -w -s start >&2
  port=$(sed -n 's/^port = //p' "$data/postgresql.conf" | tail -n 1)
  printf 'postgres://gridwall@127.0.0.1:%s/postgres?sslmode=disable\n' "$port"
}

stop() {
  local data=$1/data
  [ -e "$data/postmaster.pid" ] || return 0
  as_owner "$(bin)/pg_ctl" -D "$data" -m "${2:-fast}" -w -s stop >&2
}

case ${1:-} in
  start) start "$2" ;;
  stop) stop "$2" "${3:-fast}" ;;
  remove)
    stop "$2" immediate || true
    rm -rf "$2"
    ;;
  run)
    shift
    folder=$(mktemp -d)
    chmod 755 "$folder"
    trap 'scripts/postgres.sh remove "$folder"' EXIT
    GRIDWALL_TEST_DB=$(start "$folder")
    export GRIDWALL_TEST_DB
    "$@"
    ;;
  *) die "scripts/postgres.sh run COMMAND... | start FOLDER | stop FOLDER [immediate] | remove FOLDER" ;;
esac
