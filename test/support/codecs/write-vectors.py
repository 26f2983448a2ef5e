"""Makes test/vectors/codecs/: what LZ4's own library and a Snappy in Rust write in shapes that Kafka's Java client doesn't.

    python3 -m venv .tools/codecs && .tools/codecs/bin/pip install lz4==4.4.5 cramjam==2.14.0
    .tools/codecs/bin/python test/support/codecs/write-vectors.py
"""

import hashlib
import json
import pathlib
import random

import cramjam
import lz4.frame

FOLDER = pathlib.Path(__file__).parents[2] / "vectors" / "codecs"

random.seed(1)
words = [random.randbytes(random.randint(1, 12)) for _ in range(40)]
# 150 KB: text of few words, then bytes that don't compress (blocks stored as they are), then one byte repeated.
content = b"".join(random.choice(words) for _ in range(10_000))[:50_000] + random.randbytes(70_000) + bytes(30_000)
FOLDER.mkdir(parents=True, exist_ok=True)
vectors = []


def write(name, compressed, plain):
    (FOLDER / name).write_bytes(compressed)
    digest = hashlib.sha256(plain).hexdigest()
    vectors.append({"file": name, "kind": name.split("-")[0], "length": len(plain), "sha256": digest})


blocks = {"block_size": lz4.frame.BLOCKSIZE_MAX64KB, "content_checksum": True}
linked = lz4.frame.compress(content, **blocks, block_linked=True, block_checksum=True, store_size=True)
write("lz4-linked.bin", linked, content)
independent = lz4.frame.compress(content, **blocks, block_linked=False, block_checksum=False, store_size=False)
write("lz4-independent.bin", independent, content)
write("lz4-empty.bin", lz4.frame.compress(b"", content_checksum=True), b"")
write("snappy-raw.bin", bytes(cramjam.snappy.compress_raw(content[:60_000])), content[:60_000])
write("snappy-empty.bin", bytes(cramjam.snappy.compress_raw(b"")), b"")
(FOLDER / "manifest.json").write_text(json.dumps(vectors, indent=2) + "\n")
