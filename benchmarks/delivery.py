"""The cost of delivery: bytes and seconds of publishing and pulling, compared with plain copying by boto3.

    python benchmarks/delivery.py [--megabytes 400] [--repeat 3] [--endpoint URL]

The pipeline is synthetic (random bytes, laid out as spaCy does; nine tenths are vectors); a night changes one
component. It is delivered through a folder and through moto, in a process of its own; `--endpoint` adds a
running S3 server, for instance Ceph, with the credentials that boto3 finds. Plain copying is
shutil.copytree for the folder, and boto3's transfer manager with its defaults for S3: whole folders, as
after a night that wrote every file again. moto is slow with the parts that boto3 requests, so whole files are
fetched too ("unsplit"). Seconds are the median of the repeats; bytes are what the requests carried (folder:
file sizes).
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.delivery_places import Place, Traffic, folder_place, moto, s3_place
from techner.core.manifest import Lineage, Manifest
from techner.registry import Registry
from techner.registry.blobs import save_folder
from techner.store import FolderStore, Store

SHARES = {
    "vocab/vectors": 0.9,
    "tok2vec/model": 0.05,
    "vocab/strings.json": 0.02,
    "ner/model": 0.015,
    "tech_ner/model": 0.015,
}
SMALL = ("config.cfg", "meta.json", "tokenizer", "ner/cfg", "ner/moves", "tech_ner/cfg", "tech_ner/moves")
CHANGED = ("tech_ner/model", "tech_ner/moves", "meta.json")
MB = 1e6


def write_pipeline(folder: Path, size_bytes: int) -> None:
    for name, share in SHARES.items():
        write_random(folder / name, int(size_bytes * share))
    for name in SMALL:
        write_random(folder / name, 2000)


def write_random(path: Path, size_bytes: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for start in range(0, size_bytes, 1 << 24):
            file.write(os.urandom(min(1 << 24, size_bytes - start)))


def change(folder: Path) -> int:
    """Change one component, as a night does, and return the number of changed bytes."""
    for name in CHANGED:
        write_random(folder / name, (folder / name).stat().st_size)
    return sum((folder / name).stat().st_size for name in CHANGED)


def publish(store: Store, folder: Path) -> None:
    newest = Registry(store).log().newest()
    made = Manifest(
        number=newest.generation if newest else 0, parent=newest.record.version if newest else None,
        origin=None, base="synthetic", pretrained_labels=(), new_labels=(), files=save_folder(store, folder),
        lineage=Lineage(reference="", code="", libraries={}),
    )  # fmt: skip
    version = Registry(store).create(made)
    Registry(store).move(version, expected=made.parent, who="benchmark", why="-", when=datetime.now(UTC))


class Bench:
    """The measurements of one place, by operation."""

    def __init__(self, place: Place, scratch: Path, traffic: Traffic) -> None:
        self.place, self.scratch, self.traffic = place, scratch, traffic
        self.seconds: dict[str, list[float]] = {}
        self.moved: dict[str, tuple[int, int]] = {}

    def measure(self, what: str, do: Callable[[], object]) -> None:
        before = self._held()
        self.traffic.reset()
        start = time.perf_counter()
        do()
        self.seconds.setdefault(what, []).append(time.perf_counter() - start)
        is_folder = self.place.endpoint is None
        moved = self._held() - before if is_folder else self.traffic.bytes
        self.moved[what] = (moved, self.traffic.requests)

    def round(self, pipeline: Path) -> int:
        """Measure everything once, in a store and caches of its own; return the bytes that changed."""
        self.measure("first publish", lambda: publish(self.place.store, pipeline))
        self.measure("plain send", lambda: self.place.send(pipeline))
        self.measure("plain fetch", lambda: self.place.fetch(self.scratch / "plain-fetched"))
        shutil.rmtree(self.scratch / "plain-fetched")
        self.measure("plain fetch, unsplit", lambda: self.place.fetch_unsplit(self.scratch / "plain-fetched"))
        models = self.place.models(self.scratch / "cache")
        self.measure("cold pull", models.pull)
        changed = change(pipeline)
        self.measure("nightly publish", lambda: publish(self.place.store, pipeline))
        self.measure("update pull", models.pull)
        self.measure("no-change poll", models.resolve)
        self.measure("no-change pull", models.pull)
        for name in ("plain-fetched", "cache"):
            shutil.rmtree(self.scratch / name)
        return changed

    def _held(self) -> int:
        """Return the bytes in blobs of the cache and of a folder store, and in plain copies."""
        roots = [self.scratch / "cache" / "blobs", self.scratch / "plain-fetched"]
        if isinstance(self.place.store, FolderStore):
            roots += [self.place.store.root / "blobs", self.place.store.root.parent / "plain"]
        return sum(path.stat().st_size for root in roots for path in root.rglob("*") if path.is_file())


ROWS = (
    "first publish", "plain send", "nightly publish",
    "cold pull", "plain fetch", "plain fetch, unsplit", "update pull", "no-change pull", "no-change poll",
)  # fmt: skip


def show(bench: Bench, changed: int) -> None:
    print(f"\n### {bench.place.name}\n")
    print("| what | MB moved | requests | s | MB/s |")
    print("|---|---|---|---|---|")
    for row in ROWS:
        moved, requests = bench.moved[row]
        seconds = statistics.median(bench.seconds[row])
        speed = f"{moved / MB / seconds:.0f}" if moved > MB else "–"
        asked = str(requests) if bench.place.endpoint else "–"
        print(f"| {row} | {moved / MB:.2f} | {asked} | {seconds:.3f} | {speed} |")
    fastest = min(statistics.median(bench.seconds[row]) for row in ("plain fetch", "plain fetch, unsplit"))
    ratio = fastest / statistics.median(bench.seconds["cold pull"])
    shares = {row: bench.moved[row][0] / changed for row in ("nightly publish", "update pull")}
    print(f"\nthe night changed {changed / MB:.2f} MB; ", end="")
    print("; ".join(f"{row} moves {share:.3f} × that" for row, share in shares.items()), end="")
    print(f"; cold pull is {ratio:.2f} × as fast as the faster plain copying", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--endpoint", help="URL of a running S3 server")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="techner-delivery-") as name, moto() as endpoint:
        traffic, root = Traffic(), Path(name)
        traffic.watch()
        makers: list[Callable[[Path], Place]] = [folder_place, lambda _: s3_place("moto", endpoint)]
        if asked.endpoint:
            makers.append(lambda _: s3_place(asked.endpoint, asked.endpoint))
        for make in makers:
            bench: Bench | None = None
            for number in range(asked.repeat):
                scratch = root / f"{len(makers)}-{number}"
                scratch.mkdir()
                write_pipeline(scratch / "pipeline", int(asked.megabytes * MB))
                place = make(scratch)
                bench = bench or Bench(place, scratch, traffic)
                bench.place, bench.scratch = place, scratch
                changed = bench.round(scratch / "pipeline")
                shutil.rmtree(scratch)
            if bench:
                show(bench, changed)


if __name__ == "__main__":
    main()
