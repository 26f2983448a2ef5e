#!/usr/bin/env bash
# Makes test/vectors/ afresh: starts a real Kafka, has its producer write (WriteVectors.java), takes the segment files it
# kept, and has its reader say what is in them (ReadLog.java, manifest.json). Ours reads none of it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
vectors="$here/../../vectors"
export KAFKA_STATE
KAFKA_STATE=$(mktemp -d)
trap '"$here/kafka.sh" stop || true; rm -rf "$KAFKA_STATE"' EXIT
address=$("$here/kafka.sh" start fresh)
"$here/kafka.sh" source "$here/WriteVectors.java" "$address"
mkdir -p "$vectors"
rm -f "$vectors"/*.bin "$vectors/manifest.json"
for topic in none gzip snappy lz4 zstd append-time transactions; do
  # Markers of today behind records of 2023 begin a new segment: names sort by offset.
  cat "$KAFKA_STATE/data/$topic-0/"*.log > "$vectors/$topic.bin"
done
cd "$vectors"
"$here/kafka.sh" source "$here/ReadLog.java" *.bin > manifest.json
