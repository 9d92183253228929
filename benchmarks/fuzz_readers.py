"""Run every reader on mutated exports: only FileError may be raised, and every row must keep its bytes.

    python benchmarks/fuzz_readers.py [--inputs 220000] [--seed 0]

The samples of tests/formats are changed in bytes, in lines, in the JSON tree, and DocBin inside its packing.
The exit code is 1 if an input raised anything but FileError, or a row broke the contract.
"""

import argparse
import gzip
import json
import random
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import srsly

from techner.core.errors import FileError
from techner.formats import Row, read_rows

SAMPLES = Path(__file__).parents[1] / "tests" / "formats" / "samples"
DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 3.0, 1e308, 2**63, 10**30, "", " ", "O", "B-", "I-X", "L-X", "a\ud800",
    "\0", "\u2028", "x" * 5000, [], {}, [[]], [{}], [0, 1, "X"], {"start": 0}, DEEP,
]  # fmt: skip
BYTES = [b"\0", b"\xff", b"\n", b"\r\n", b"\t", b" ", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"NaN",
         b"1e999", b"9" * 5000, b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\\ud800", b"null", b"O", b"B-X", b"#",
         b"-DOCSTART-", b"NER=", b"'", b"(", b")", b'"' * 3, b"f'", b"-" * 3000, b"(" * 3000,
         b"[" * 3000, b'{"a":' * 3000]  # fmt: skip
Mutation = Callable[[random.Random, bytes], bytes]


def change_bytes(draw: random.Random, data: bytes) -> bytes:
    """Overwrite, insert, remove, repeat or truncate at a few places."""
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(data) + 1)
        until = min(len(data), at + draw.choice((0, 1, 4, 40)))
        piece = draw.choice((draw.choice(BYTES), draw.randbytes(3), data[at:until] * 2, b""))
        data = data[:at] + piece + (data[until:] if draw.random() < 0.95 else b"")
    return data


def change_lines(draw: random.Random, data: bytes) -> bytes:
    """Shuffle, repeat, tear or mix lines, also with those of another sample."""
    lines = data.split(b"\n")
    other = draw.choice(list(PLAIN.values())).split(b"\n")
    for _ in range(draw.choice((1, 2, 4))):
        at = draw.randrange(len(lines))
        lines[at : at + draw.randrange(2)] = draw.choice(
            (lines[at : at + 3] * 2, [draw.choice(other)], [draw.choice(BYTES)], [], [lines[at].lower()],
             [b" ".join(draw.sample(lines[at].split(), len(lines[at].split())))])
        )  # fmt: skip
        lines = lines or [b""]
    return draw.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\n")).join(lines)


def change_tree(draw: random.Random, data: bytes) -> bytes:
    """Replace, remove, move or rename parts of the records."""
    try:
        whole = json.loads(data)
    except ValueError:
        whole = [json.loads(line) for line in data.split(b"\n") if line]
    as_list = data.startswith((b"[\n", b"[{", b"{\n")) or draw.random() < 0.1
    try:
        for _ in range(draw.choice((1, 1, 2, 6))):
            change_node(draw, whole)
        if as_list or not isinstance(whole, list):
            return json.dumps(whole).encode()
        return b"\n".join(json.dumps(one).encode() for one in whole)
    except RecursionError:  # one deep value inside another: too deep to write
        return data + b"[" * 3000


def change_node(draw: random.Random, whole: Any) -> None:
    """Change one node of a tree, more likely a deeper one."""
    node, places = whole, []
    while isinstance(node, (dict, list)) and node:
        key = draw.choice(list(node) if isinstance(node, dict) else range(len(node)))
        places.append((node, key))
        node = node[key]
    if not places:
        return
    parent, key = places[-1 - min(len(places) - 1, int(draw.expovariate(1)))]
    what = draw.randrange(4)
    if what == 0:
        del parent[key]
    elif what == 1 and isinstance(parent, dict):
        parent[draw.choice(KEYS)] = parent.pop(key)
    elif what == 2:
        parent[key] = copied(draw.choice(places)[0])
    else:
        parent[key] = copied(draw.choice(VALUES))


def copied(value: Any) -> Any:
    """Copy a part of a tree, so that no part contains itself and no constant changes for the next input."""
    return json.loads(json.dumps(value))


def change_docbin(draw: random.Random, data: bytes) -> bytes:
    """Change the message inside the compression."""
    unpacked = zlib.decompress(data)
    if draw.random() < 0.5:
        return zlib.compress(change_bytes(draw, unpacked))
    message = srsly.msgpack.loads(unpacked, raw=False)
    for _ in range(draw.choice((1, 1, 2))):
        key = draw.choice(list(message))
        value = message[key]
        message[key] = draw.choice([value for value in VALUES[:-1] if value != 10**30])
        if isinstance(value, bytes) and draw.random() < 0.8:
            message[key] = change_bytes(draw, value)
    return zlib.compress(srsly.msgpack.dumps(message, use_bin_type=True, unicode_errors="surrogatepass"))


def change_gzip(draw: random.Random, data: bytes) -> bytes:
    """Change the packed content, or the packing."""
    if draw.random() < 0.5:
        return change_bytes(draw, data)
    return gzip.compress(change_lines(draw, draw.choice(list(PLAIN.values()))), 1)


FILES = {path.name: path.read_bytes() for path in sorted(SAMPLES.iterdir())}
PLAIN = {name: data for name, data in FILES.items() if not name.endswith((".gz", ".spacy"))}
KEYS = [
    "text", "data", "entities", "label", "labels", "spans", "annotations", "completions",
    "relations", "result", "value", "start", "end", "start_offset", "annotation_id", "_task_hash",
    "_view_id", "answer", "was_cancelled", "to_name", "type", "tokens", "tags", "ner_tags",
    "features", "feature", "names", "rows", "row", "scope", "hypertextlabels", "ents", "paragraphs",
    "sentences", "raw", "orth", "ner", "words", "content", "annotation", "points",
    "classes", "task", "_is_binary", "globalOffsets", "predictions", "token_start", "token_end",
]  # fmt: skip


def mutations(name: str) -> list[Mutation]:
    """Return the mutations that fit a sample."""
    if name.endswith(".spacy"):
        return [change_bytes, change_docbin, change_docbin, change_docbin]
    if name.endswith(".gz"):
        return [change_gzip]
    if "json" in name:
        return [change_bytes, change_lines, change_tree, change_tree]
    return [change_bytes, change_lines]


def read(data: bytes) -> list[Row]:
    """Read all rows and check the contract."""
    rows = list(read_rows(data)[1])
    numbers = [row.number for row in rows]
    if numbers != sorted(set(numbers)) or not all(row.raw for row in rows):
        raise AssertionError("rows are not numbered upwards, or one has no bytes")
    if any(row.fault and (row.text is not None or row.entities is not None) for row in rows):
        raise AssertionError("a row has a fault and parts")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=220_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)  # noqa: S311 - repeatable, not secret
    counts: dict[str, Counter[str]] = {name: Counter() for name in FILES}
    failures: Counter[str] = Counter()
    read(FILES["docbin.spacy"])  # imports spaCy: not the time of an input
    slowest, began = (0.0, ""), time.process_time()
    for turn in range(options.inputs):
        name = list(FILES)[turn % len(FILES)]
        data = draw.choice(mutations(name))(draw, FILES[name])
        count, started = counts[name], time.process_time()
        count["inputs"] += 1
        try:
            rows = read(data)
        except FileError as error:
            count["refused"] += 1
            str(error).encode("utf-8", "backslashreplace")
        except Exception:  # noqa: BLE001 - what escapes is what this looks for
            failures[traceback.format_exc()] += 1
        else:
            count["rows"] += len(rows)
            count["faulty"] += sum(row.fault is not None for row in rows)
        slowest = max(slowest, (time.process_time() - started, f"{name}, input {turn}, {len(data)} bytes"))
    print("| sample | inputs | refused | rows | faulty |\n|---|---|---|---|---|")
    for name, count in counts.items():
        print(
            f"| {name} | {' | '.join(str(count[key]) for key in ('inputs', 'refused', 'rows', 'faulty'))} |"
        )
    elapsed = time.process_time() - began
    print(
        f"\n{options.inputs} inputs (seed {options.seed}) in {elapsed:.0f} CPU s, "
        f"slowest {slowest[0]:.3f} s: {slowest[1]}"
    )
    print(f"{sum(failures.values())} raised anything but FileError")
    for failure, times in failures.most_common():
        print(f"\n{times} times:\n{failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
