#!/usr/bin/env bash
# A throw-away Redis with an append-only file on loopback.   redis.sh install | start DIR PORT | stop DIR
# REDIS_APPENDFSYNC: `everysec` (Redis's own default: up to 1 s may be lost with the power) or `always`.
# The file is never rewritten, so that no measurement has a rewrite in its midst.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/process.sh"

install() { { command -v redis-server && command -v redis-cli; } > /dev/null || apt_install redis-server; }

is_ready() { [ "$(redis-cli -h 127.0.0.1 -p "$1" ping)" = PONG ]; } # says LOADING while it replays the file

start() {
  local dir=$1 port=$2
  command -v redis-server > /dev/null || die "run '$0 install' first"
  if ! is_alive "$dir/pid"; then
    port_is_open "$port" && die "port $port is taken"
    launch "$dir/pid" "$dir/out.log" redis-server --bind 127.0.0.1 --port "$port" --dir "$dir" \
      --appendonly yes --appendfsync "${REDIS_APPENDFSYNC:-everysec}" --save '' \
      --auto-aof-rewrite-percentage 0 --daemonize no
    wait_until 60 "$dir/pid" "$dir/out.log" is_ready "$port"
  fi
  echo "redis://127.0.0.1:$port"
}

stop() { stop_process "$1/pid" 20; }

dispatch "$@"
