#!/usr/bin/env bash
# A throw-away Millstream on loopback with one topic, `bench`.   millstream.sh install | start DIR PORT | stop DIR
# MILLSTREAM_BINARY: the binary to run.
# MILLSTREAM_BROKER: the value of `broker:`, a journal that syncs before every answer unless told.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/process.sh"

binary=${MILLSTREAM_BINARY:-target/release/millstream}

install() { [ -x "$binary" ] || die "there is no $binary: run 'cargo build --release -p millstream' first"; }

# A shell of its own, which ends where the port is not open yet.
is_ready() (
  exec 3<> "/dev/tcp/127.0.0.1/$1"
  printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  read -r status <&3
  [[ $status == *" 200 "* ]]
)

start() {
  local dir=$1 port=$2
  install
  if ! is_alive "$dir/pid"; then
    port_is_open "$port" && die "port $port is taken"
    # Nobody reads the topic, so that what is measured is storing alone.
    cat > "$dir/bench-pipeline.yaml" <<CONF
pipeline: bench
broker: ${MILLSTREAM_BROKER:-{ journal: { path: ./journal, sync: always \} \}}
topics:
  bench: { kind: command, max_messages: 1_000_000_000, max_bytes: 64GiB }
CONF
    launch "$dir/pid" "$dir/out.log" "$binary" run "$dir/bench-pipeline.yaml" --http "127.0.0.1:$port"
    wait_until 60 "$dir/pid" "$dir/out.log" is_ready "$port"
  fi
  echo "http://127.0.0.1:$port"
}

stop() { stop_process "$1/pid" 30; }

dispatch "$@"
