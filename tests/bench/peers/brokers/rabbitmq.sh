#!/usr/bin/env bash
# A throw-away RabbitMQ node on loopback.   rabbitmq.sh install | start DIR PORT | stop DIR
# Each instance has its own cookie, epmd and distribution port, so several run side by side (all may be called
# test@localhost, each in an epmd of its own) and none meets a system-wide RabbitMQ. To use the command-line tools on one:   . DIR/env; rabbitmqctl list_queues
# RABBITMQ_EXTRA_CONF: more lines for rabbitmq.conf.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/process.sh"

install() { command -v rabbitmq-server > /dev/null || apt_install rabbitmq-server; }

# The `rabbitmq-server` on the PATH is a wrapper that switches to the user `rabbitmq`, who may not write DIR.
# The script of the same name beside that wrapper's own file does not switch.
scripts_dir() { dirname "$(readlink -f "$(command -v rabbitmq-server)")"; }

# "Server startup complete" is logged after the listener is open and the queues are recovered.
is_ready() { grep -q 'Server startup complete' "$1/log/broker.log" && port_is_open "$2"; }

configure() {
  local dir=$1 port=$2 epmd dist
  epmd=$(free_port $((20000 + port % 6000 * 2)))
  dist=$(free_port $((epmd + 1)))
  mkdir -p "$dir/log"
  [ -e "$dir/enabled_plugins" ] || echo '[].' > "$dir/enabled_plugins"
  : > "$dir/rabbitmq-env.conf"
  cat > "$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$port
log.file = broker.log
log.file.level = info
disk_free_limit.absolute = 50MB
${RABBITMQ_EXTRA_CONF:-}
CONF
  # "localhost" as the host part: no other name has to resolve. The name must not depend on the port, because the
  # data lie in a folder of that name. HOME holds the cookie.
  cat > "$dir/env" <<ENV
export HOME='$dir' ERL_EPMD_PORT=$epmd ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME=test@localhost RABBITMQ_DIST_PORT=$dist
export RABBITMQ_MNESIA_BASE='$dir/mnesia' RABBITMQ_LOG_BASE='$dir/log'
export RABBITMQ_CONFIG_FILE='$dir/rabbitmq.conf' RABBITMQ_CONF_ENV_FILE='$dir/rabbitmq-env.conf'
export RABBITMQ_ENABLED_PLUGINS_FILE='$dir/enabled_plugins'
export PATH='$(scripts_dir)':\$PATH
ENV
}

start() {
  local dir=$1 port=$2
  command -v rabbitmq-server > /dev/null || die "run '$0 install' first"
  if ! is_alive "$dir/pid"; then
    port_is_open "$port" && die "port $port is taken"
    stop_process "$dir/epmd.pid" 5
    configure "$dir" "$port"
    rm -f "$dir/log/broker.log" # readiness is read from it
    (
      . "$dir/env"
      ulimit -n "$(ulimit -Hn)"
      launch "$dir/epmd.pid" "$dir/epmd.log" epmd
      # This variable makes the script `exec` the Erlang VM, so that the pid we note is the VM's own.
      export RUNNING_UNDER_SYSTEMD=1
      export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
      launch "$dir/pid" "$dir/out.log" rabbitmq-server
    )
    trap 'stop_process "$dir/epmd.pid" 5' EXIT
    wait_until 90 "$dir/pid" "$dir/out.log" is_ready "$dir" "$port"
    trap - EXIT
  fi
  echo "amqp://guest:guest@127.0.0.1:$port/%2f"
}

stop() { stop_process "$1/pid" 60; stop_process "$1/epmd.pid" 5; }

dispatch "$@"
