"""What is done to a large store, each in a process of its own: seconds, calls to the store, memory."""

import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from techner.client import ModelStore
from techner.core.delivery import BatchRef
from techner.core.examples import Example, Span
from techner.core.policy import CorpusPolicy, Policies, SchemePolicy
from techner.corpus.assemble import build_corpus
from techner.corpus.reference import Reference
from techner.formats import write_examples
from techner.inbox.survey import survey_all
from techner.night.plan import plan
from techner.operate.collect import plan_collection
from techner.operate.rollback import roll_back
from techner.operate.verify import verify_all
from techner.registry import Registry
from techner.registry.blobs import load_bytes
from techner.registry.lineage import continued
from techner.registry.versions import version_name
from techner.runs.judgements import Word
from techner.runs.reservation import reserve
from techner.runs.run import Run
from techner.store import FolderStore, Stored
from techner.store.wrapped import WrappedStore

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WORD = Word(who="benchmark", when=NOW, why="measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedStore(WrappedStore):
    """Counts requests; a listing is one for each thousand keys, as on S3."""

    calls: Counter[str] = field(default_factory=Counter)

    def get(self, key: str) -> bytes:
        self.calls["get"] += 1
        return self.inner.get(key)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        self.calls["get"] += 1
        return self.inner.chunks(key, start=start)

    def download(self, key: str, path: Path) -> None:
        self.calls["get"] += 1
        self.inner.download(key, path)

    def create(self, key: str, data: bytes) -> None:
        self.calls["put"] += 1
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self.calls["put"] += 1
        self.inner.put(key, data)

    def delete(self, key: str) -> None:
        self.calls["delete"] += 1
        self.inner.delete(key)

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        found = list(self.inner.list(prefix, limit=limit))
        self.calls["list"] += 1 + max(len(found) - 1, 0) // 1000
        return iter(found)


class Measured(NamedTuple):
    seconds: float
    cpu_s: float
    calls: dict[str, int]
    peak_mb: float
    said: str


def sentence(at: int) -> Example:
    start = len(f"Host {at} speaks ")
    return Example(f"Host {at} speaks TLS to all others.", (Span(start, start + 3, "PROTOCOL"),))


def measure(name: str, root: Path, cache: Path) -> Measured:
    """Do one thing in this process; call it in a new one, because a process remembers parts."""
    store = CountedStore(inner=FolderStore(root))
    began, cpu = time.perf_counter(), time.process_time()
    said = WORK[name](Run(store=store, id=f"measured-{os.getpid()}", cache=cache))
    took = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(*took, dict(store.calls), peak, said)


def planned(run: Run) -> str:
    made = plan(run, Policies())
    return f"{len(made.batches) if made else 0} planned"


def published(run: Run) -> str:
    """Do what `publish` does once a candidate was judged, without the proof of the model's files."""
    live, manifest = run.registry.production()
    new = [BatchRef(name=f"new-{at}", digest=f"{at:064x}") for at in range(10)]
    lineage = continued(run.store, manifest.lineage, new)
    made = replace(manifest, number=manifest.number + 1, parent=live, lineage=lineage)
    with reserve(run, made, version=version_name(made)):
        for entry in (*made.records.values(), *made.lineage.part_files):
            load_bytes(run.store, entry)
        version = run.registry.create(made)
        run.registry.move(version, expected=live, who="benchmark", why="measured", when=NOW)
    return version


def rolled_back(run: Run) -> str:
    _, held = roll_back(run, WORD, query=lambda folder, texts: [() for _ in texts])
    return f"{len(held)} held"


def verified(run: Run) -> str:
    return f"{len(list(verify_all(run.store)))} faults"


def listed(run: Run) -> str:
    names = list(Registry(run.store).versions())
    return f"{sum(run.registry.manifest(name).number >= 0 for name in names)} versions"


def surveyed(run: Run) -> str:
    return f"{len(survey_all(run.store, Policies(), cache=run.cache).batches)} deliveries"


def collected(run: Run) -> str:
    return f"{len(plan_collection(run.store, now=NOW).versions)} versions would go"


def _client(run: Run) -> ModelStore:
    models = ModelStore(run.store.url, cache=run.cache)
    models._store = run.store  # noqa: SLF001 - to count its calls
    return models


def pulled(run: Run) -> str:
    return f"{len(list(_client(run).pull().iterdir()))} entries"


def polled(run: Run) -> str:
    return _client(run).resolve()


WORK: dict[str, Callable[[Run], str]] = {
    "plan, cold cache": planned,
    "plan": planned,
    "publish, commit": published,
    "client, pull": pulled,
    "client, poll": polled,
    "rollback": rolled_back,
    "model list": listed,
    "batch list": surveyed,
    "gc, dry run": collected,
    "model verify": verified,
}
"""In this order: what comes later finds the cache of what came before."""


def assembled(count: int) -> Measured:
    """Build a corpus of so many new examples."""
    examples = [sentence(at) for at in range(count)]
    reference = Reference(rehearsal=(sentence(-1),), regression=(sentence(-2),))
    began, cpu = time.perf_counter(), time.process_time()
    built = build_corpus(
        examples,
        memory=(),
        holdout=(),
        reference=reference,
        policy=CorpusPolicy(),
        scheme=SchemePolicy(),
        salt="0:0",
    )
    size_mb = len(write_examples(built.train)) / 1e6
    took = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = f"{len(built.train)} trained on ({size_mb:.0f} MB), {len(built.memory)} remembered"
    return Measured(*took, {}, peak, said)
