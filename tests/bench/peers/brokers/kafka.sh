#!/usr/bin/env bash
# A throw-away Kafka (one KRaft node, broker and controller in one) on loopback.   kafka.sh install | start DIR PORT | stop DIR
# The jars come from Maven through a throw-away pom; needs JDK 17 and mvn.
# KAFKA_EXTRA: more lines for server.properties, e.g. 'log.flush.interval.messages=1' (by default acks=all does not mean fsync).
# KAFKA_HEAP: JVM heap, 512m unless told.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/process.sh"

version=4.3.1
jars="$(brokers_home)/kafka-$version"

install() {
  [ -e "$jars/.complete" ] && return
  local work; work=$(mktemp -d)
  cat > "$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>throwaway</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <!-- kafka-topics, kafka-producer-perf-test and the like -->
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
    <!-- without a binding slf4j drops every log line, and with it the one that says "started" -->
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
POM
  mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$jars"
  touch "$jars/.complete"
  rm -r "$work"
}

run_class() { exec java -Xmx256m -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$1/log4j2.properties" -cp "$jars/*" "${@:2}"; }

is_ready() { grep -q 'Kafka Server started' "$1/out.log" && port_is_open "$2"; }

configure() {
  local dir=$1 port=$2 controller
  controller=$(free_port $((port > 22000 ? port - 10000 : port + 10000)))
  cat > "$dir/server.properties" <<CONF
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller
log.dirs=$dir/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
${KAFKA_EXTRA:-}
CONF
  cat > "$dir/log4j2.properties" <<CONF
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
CONF
}

start() {
  local dir=$1 port=$2
  [ -e "$jars/.complete" ] || die "run '$0 install' first"
  if ! is_alive "$dir/pid"; then
    port_is_open "$port" && die "port $port is taken"
    configure "$dir" "$port"
    [ -e "$dir/data/meta.properties" ] ||
      (run_class "$dir" kafka.tools.StorageTool format --cluster-id "$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')" \
        --config "$dir/server.properties") > "$dir/format.log" 2>&1 || { cat "$dir/format.log" >&2; die "format failed"; }
    launch "$dir/pid" "$dir/out.log" java -server "-Xms${KAFKA_HEAP:-512m}" "-Xmx${KAFKA_HEAP:-512m}" \
      -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:+ExplicitGCInvokesConcurrent \
      "-Dlog4j2.configurationFile=$dir/log4j2.properties" -cp "$jars/*" kafka.Kafka "$dir/server.properties"
    wait_until 90 "$dir/pid" "$dir/out.log" is_ready "$dir" "$port"
  fi
  echo "127.0.0.1:$port"
}

stop() { stop_process "$1/pid" 60; }

dispatch "$@"
