"""How long the pages take, and what they ask of the store, with years of nights in it.

    python benchmarks/pages.py [--versions 500] [--batches 5000] [--root FOLDER]

Prints for each page: milliseconds in a new process with the index in the store (cold), and right after
(warm), each also as time of the processor; calls to the store when cold, and bytes of the answer. Nothing is
trained. A FOLDER that holds a store already is measured as it is. `first_look.py` measures without an index.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from techner.core.delivery import BatchRef
from techner.core.examples import digest
from techner.core.manifest import FileEntry, LabelScore, Lineage, Manifest, Part
from techner.core.policy import Policies
from techner.core.records import BatchWord, Decision, Generation, Judgement, RunOutcome
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.documents import dump
from techner.inbox.admissions import admission_digest, admission_folder
from techner.registry.names import record_name
from techner.registry.versions import manifest_key, version_name
from techner.settings import Settings
from techner.store import FolderStore, MemoryStore
from tests.counting import CountingStore

START = datetime(2025, 1, 1, 2, 0, tzinfo=UTC)
HELD_EVERY, LABELS = 40, ("ORG", "PERSON", "GPE", "DATE", "MONEY", "PERCENT")
CLOCKS = (time.perf_counter, time.process_time)
FILES = tuple(FileEntry(path=f"ner/{at}", sha256=digest(b"%d" % at), size_bytes=500_000) for at in range(14))


def write(root: Path, key: str, data: bytes) -> None:
    """Write without the care of a folder store: the benchmark may lose its store."""
    (root / key).parent.mkdir(parents=True, exist_ok=True)
    (root / key).write_bytes(data)


def check(name: str, against: Against, *, candidate: float, baseline: float | None, passed: bool) -> Check:
    return Check(
        name=name,
        against=against,
        rule="lost at most 0.015",
        baseline=baseline,
        candidate=candidate,
        low=-0.01,
        high=0.01,
        margin=0.015,
        support=2000,
        state=CheckState.PASSED if passed else CheckState.FAILED,
    )


def verdict(night: int, *, passed: bool) -> Verdict:
    old = round(0.815 - 0.004 * ((night * 7) % 5) / 4, 4)
    new = round(min(0.4 + night / 800, 0.88) + (night * 13 % 7) / 200, 4)
    return Verdict(
        checks=(
            check("pretrained micro F1", Against.ORIGIN, candidate=old, baseline=0.8157, passed=True),
            *(check(label, Against.ORIGIN, candidate=old, baseline=0.82, passed=True) for label in LABELS),
            check("new micro F1", Against.FLOOR, candidate=new, baseline=None, passed=True),
            check("new micro F1", Against.PRODUCTION, candidate=new, baseline=new + 0.03, passed=passed),
        )
    )


def fill(root: Path, *, versions: int, batches: int) -> None:
    """Make versions with their nights, and deliveries; each fortieth is held, the last five are new."""
    from tests.web.conftest import report_on  # here, as it imports much

    refs = []
    for at in range(batches):
        data = json.dumps({"text": f"TLS {at}", "entities": []}).encode()
        refs.append(BatchRef(name=f"{at // 10:04d}-{at % 10}.jsonl", digest=digest(data)))
        write(root, f"inbox/{refs[-1].name}", data)
    held, new = refs[::HELD_EVERY], refs[-5:]
    good = [ref for ref in refs if ref not in held and ref not in new]
    live, before, parent, judged, learnt = None, None, None, 0, 0
    origin: str | None = None
    for number in range(versions):
        upto = len(good) * number // max(versions - 1, 1)
        manifest = made(number, parent, origin, tuple(good[:upto]))
        parent = version_name(manifest)
        origin = origin or parent
        write(root, manifest_key(parent), dump(manifest))
        move = moved(number + 1, parent, dump(manifest), previous=live, before=before)
        write(root, f"aliases/production/{record_name(number + 1)}", dump(move))
        live, before = parent, digest(dump(move))
        for passed in (True,) if number % 4 else (False, True):
            if not number:
                continue
            judged += 1
            record = judgement(judged, parent if passed else None, good[learnt:upto], passed=passed)
            write(root, f"judgements/{record_name(judged)}", dump(record))
        learnt = upto
    for ref in refs[:-5]:
        admission = admission_digest(ref, Policies(), manifest)
        write(root, f"{admission_folder(ref, admission)}/report.json", dump(report_on(ref, admission)))
    for ref in held:
        word = Decision(id="1", word=BatchWord.HOLD, who="airflow:schedule", why="failed: ORG", when=START)
        write(root, f"decisions/{ref.digest}/{record_name(1)}", dump(word))


def made(number: int, parent: str | None, origin: str | None, batches: tuple[BatchRef, ...]) -> Manifest:
    score = LabelScore(
        label="ORG",
        part=Part.PRETRAINED,
        support=900,
        origin=0.8,
        production=0.8,
        candidate=0.8,
        low=0.0,
        high=0.0,
    )
    return Manifest(
        number=number,
        parent=parent,
        origin=origin,
        base="en_core_web_lg",
        pretrained_labels=LABELS,
        new_labels=("PROTOCOL", "HARDWARE") if number else (),
        files=FILES,
        lineage=Lineage(batches=batches, reference="0" * 64, code="1", libraries={}, seed=number),
        scores=(score,) if number else (),
        verdict=verdict(number, passed=True) if number else None,
    )


def moved(
    number: int, version: str, manifest: bytes, *, previous: str | None, before: str | None
) -> Generation:
    return Generation(
        id=str(number),
        alias="production",
        number=number,
        version=version,
        manifest=digest(manifest),
        previous=previous,
        before=before,
        who="airflow:schedule",
        why="gate: all 9 checks passed",
        when=START + timedelta(days=number),
    )


def judgement(number: int, version: str | None, batches: list[BatchRef], *, passed: bool) -> Judgement:
    found = verdict(number, passed=passed)
    return Judgement(
        id=f"scheduled__{(START + timedelta(days=number)).isoformat()}",
        outcome=RunOutcome.PROMOTED if version else RunOutcome.REJECTED,
        reason=found.reason,
        production="0000-0000000000000000",
        version=version,
        batches=tuple(batches),
        scores=(),
        verdict=found,
        when=START + timedelta(days=number),
        report=FILES[0],
    )


def pages(root: Path) -> list[str]:
    versions = sorted(path.name for path in (root / "versions").iterdir())
    held = next((root / "decisions").iterdir()).name
    oldest = json.loads(max((root / "judgements").iterdir()).read_bytes())["id"]
    return [
        "/",
        "/models",
        f"/models/{versions[-1]}",
        f"/compare?a={versions[0]}&b={versions[-1]}",
        "/batches",
        "/batches?state=held",
        f"/batches/{held}",
        "/runs",
        f"/run/{quote(oldest, safe='')}",
        "/start",
        f"/act/rollback/{versions[-2]}",
        f"/act/rollback/{versions[0]}",
        f"/act/release/{held}",
    ]


def is_whole(answer: Any) -> bool:
    """Tell whether a page says nothing of documents that are not read yet."""
    return answer.status_code == 200 and "still reading" not in answer.text.lower()


def ask(root: Path, cache: Path, path: str, *, is_first: bool) -> None:
    """In a process of its own: print what the first look at a page takes, and the next ones."""
    from fastapi.testclient import TestClient

    from techner.web import create_app

    store = CountingStore(inner=FolderStore(root))
    settings = Settings(store=str(root), cache=cache)
    empty = MemoryStore()
    TestClient(create_app(lambda: empty, settings=lambda: settings)).get("/")  # imports, and the header
    client = TestClient(create_app(lambda: store, settings=lambda: settings))
    took = []
    while is_first and not is_whole(client.get(path)):  # it makes the index
        time.sleep(0.2)
    for _ in range(6):
        began = [clock() for clock in CLOCKS]
        answer = client.get(path)
        took.append([1000 * (clock() - then) for clock, then in zip(CLOCKS, began, strict=True)])
        assert answer.status_code == 200, answer.text  # noqa: S101
        if len(took) == 1:
            calls = Counter(call.partition(" ")[0] for call in store.calls)
    warm = [statistics.median(column) for column in zip(*took[1:], strict=True)]
    print(json.dumps([took[0], warm, calls, len(answer.content)]))


def measure(root: Path, versions: int, batches: int) -> None:
    if not (root / "versions").is_dir():
        fill(root, versions=versions, batches=batches)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'page':28} {'cold':>6} {'CPU':>6} {'warm':>6} {'CPU':>6} {'calls':>6} {'bytes':>8}")
        program = [sys.executable, __file__, "--root", str(root), "--cache", folder]
        subprocess.run([*program, "--first", "--ask", "/batches"], check=True, capture_output=True)
        for path in pages(root):
            done = subprocess.run([*program, "--ask", path], check=True, capture_output=True)
            cold, warm, calls, size = json.loads(done.stdout)
            times = " ".join(f"{part:6.0f}" for part in (*cold, *warm))
            print(f"{path[:28]:28} {times} {sum(calls.values()):6} {size:8}  {calls}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=500)
    parser.add_argument("--batches", type=int, default=5000)
    parser.add_argument("--root", type=Path, help="keep the store here")
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        ask(given.root, given.cache, given.ask, is_first=given.first)
    elif given.root:
        measure(given.root, given.versions, given.batches)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), given.versions, given.batches)


if __name__ == "__main__":
    main()
