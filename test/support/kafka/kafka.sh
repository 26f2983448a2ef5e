#!/usr/bin/env bash
# A real single-node Apache Kafka (KRaft) on 127.0.0.1 and its tools, from Maven Central; needs Java 17 and Maven.
#   kafka.sh install            fetch the jars into .tools/ (every other verb does so on first use)
#   kafka.sh start [fresh]      format, start, wait until it serves; prints its address
#   kafka.sh stop
#   kafka.sh run CLASS ARGS     one of Kafka's own tools by its main class (org.apache.kafka.tools.*)
#   kafka.sh source FILE ARGS   a single Java source file with Kafka's classes at hand
# KAFKA_PORT (19092), KAFKA_CONTROLLER_PORT (the next one) and KAFKA_STATE (a folder for data, log and pid) may be set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's#.*<kafka.version>\(.*\)</kafka.version>.*#\1#p' "$here/pom.xml")
home="$here/../../../.tools/kafka-$version"
state=${KAFKA_STATE:-$home/state}
port=${KAFKA_PORT:-19092}

for tool in java mvn; do
  command -v "$tool" > /dev/null || { echo "Kafka's tools need $tool (Java 17 and Maven), and it is not there" >&2; exit 1; }
done

install() {
  [ -d "$home/libs" ] && return
  mkdir -p "$home"
  local attempt
  attempt=$(mktemp -d "$home/.libs-XXXXXX")
  # The jars are moved there whole, so that an installation that is stopped leaves nothing half done.
  # Maven keeps what it has got, so that another try goes on where the last one ended.
  local tries
  for tries in 1 2 3; do
    timeout --kill-after=10 240 mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies \
      -DoutputDirectory="$attempt/libs" -DincludeScope=runtime >&2 && break
    rm -rf "$attempt/libs"
    [ "$tries" -lt 3 ] || { rm -rf "$attempt"; echo "Maven can't fetch Kafka $version (three tries)" >&2; exit 1; }
    echo "Maven could not fetch Kafka $version; try $((tries + 1)) of 3" >&2
    sleep "$((5 * tries))"
  done
  mv -T "$attempt/libs" "$home/libs" 2> /dev/null || [ -d "$home/libs" ]
  rm -rf "$attempt"
}

java_with_kafka() {
  java -Xms128m -Xmx"${KAFKA_TOOL_HEAP:-512m}" -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$home/libs/*" "$@"
}

start() {
  mkdir -p "$state"
  local properties="$state/server.properties"
  sed "s#@DATA@#$state/data#; s#@PORT@#$port#g; s#@CONTROLLER_PORT@#${KAFKA_CONTROLLER_PORT:-$((port + 1))}#g" "$here/server.properties" > "$properties"
  if [ "${1:-}" = fresh ] || [ ! -f "$state/data/meta.properties" ]; then
    rm -rf "$state/data"
    java_with_kafka kafka.tools.StorageTool format -t "$(java_with_kafka kafka.tools.StorageTool random-uuid)" -c "$properties" > /dev/null
  fi
  setsid java -Xms512m -Xmx512m -Dlog4j2.configurationFile="$here/log4j2.yaml" -cp "$home/libs/*" kafka.Kafka "$properties" \
    > "$state/server.log" 2>&1 < /dev/null &
  local pid=$!
  echo "$pid" > "$state/server.pid"
  local deadline=$((SECONDS + 120))
  while [ "$SECONDS" -lt "$deadline" ]; do
    if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && grep -q 'Kafka Server started' "$state/server.log"; then
      echo "127.0.0.1:$port"
      return
    fi
    kill -0 "$pid" || { tail "$state/server.log" >&2; exit 1; }
    sleep 0.1
  done
  kill -9 "$pid"
  { tail "$state/server.log"; echo "no answer in 120 s"; } >&2
  exit 1
}

stop() {
  local pid
  pid=$(cat "$state/server.pid")
  kill "$pid"
  local deadline=$((SECONDS + 90))
  while [ "$SECONDS" -lt "$deadline" ]; do
    kill -0 "$pid" 2> /dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid"
  echo "pid $pid still ran after 90 s, and was killed" >&2
  exit 1
}

verb=${1:-}
shift || true
case $verb in
  install) install ;;
  start) install; start "$@" ;;
  stop) stop ;;
  run | source) install; java_with_kafka "$@" ;;
  *) sed -n '2,8s/^# //p' "$0" >&2; exit 2 ;;
esac
