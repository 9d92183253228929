"""Everything that writes, in the life of a small store, for `faults.py`."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from techner.core.examples import digest
from techner.core.policy import TECH_LABELS, CorpusPolicy, GatePolicy, Policies, TrainingPolicy
from techner.formats import write_examples
from techner.inbox.submit import submit
from techner.inbox.survey import survey
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.evaluate import evaluate
from techner.night.judge import judge
from techner.night.plan import plan
from techner.night.publish import publish
from techner.night.reject import abandon, reject, skip
from techner.night.uptrain import uptrain
from techner.night.whole import whole_night
from techner.operate.collect import collect
from techner.operate.initialise import initialise
from techner.operate.promote import promote
from techner.operate.rollback import roll_back
from techner.registry import Registry
from techner.registry.clean_process import query_apart
from techner.registry.layout import lay_out
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.starter import slot_examples
from techner.store import MemoryStore, Store
from techner.uptraining import make_candidate
from techner.uptraining.task import Uptrained

WHEN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
WORD = Word(who="campaign", when=WHEN, why="tried")
YES = replace(WORD, approved=True)
Snapshot = dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that writes, starting from `before`; `do` gets the number of the try."""

    name: str
    before: Snapshot
    do: Callable[[Store, int], object]


class Remembering:
    """Training, and queries of a published model, done only once for the same content."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made, self.answered = folder, dict[str, Uptrained](), dict[str, Any]()

    def train(self, folder: Path, corpus: Any, policy: Any, out: Path, **how: Any) -> Uptrained:
        key = digest(f"{contents_of(folder)} {corpus} {policy}".encode())
        if key not in self.made:
            self.made[key] = make_candidate(folder, corpus, policy, self.folder / key, **how)
        shutil.copytree(self.folder / key, out)
        return self.made[key]

    def query(self, folder: Path, texts: list[str]) -> Any:
        key = digest(f"{contents_of(folder)} {texts}".encode())
        if key not in self.answered:
            self.answered[key] = query_apart(folder, texts)
        return list(self.answered[key])


def contents_of(folder: Path) -> list[tuple[str, str]]:
    """Return every file below with the digest of its bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path.relative_to(folder).as_posix(), digest(path.read_bytes())) for path in files]


def snapshot(store: Store) -> Snapshot:
    return {entry.key: store.get(entry.key) for entry in store.list()}


def restored(taken: Snapshot) -> MemoryStore:
    store = MemoryStore()
    for key, data in taken.items():
        store.create(key, data)
    return store


class Campaign:
    """The operations in the life of a small store, each with the store before it."""

    def __init__(self, home: Path) -> None:
        self.home, self.cache, self.memo = home, home / "cache", Remembering(home)
        self.file = home / "first.jsonl"
        self.rows = [row.only(frozenset(TECH_LABELS)) for row in slot_examples("tech", 80, seed=1)]
        self.file.write_bytes(write_examples(self.rows[:40]))

    def operations(self, base: Path) -> Iterator[Operation]:
        """Yield every operation; each starts from what the one before leaves when undisturbed."""
        rows = slot_examples("general", 120, seed=2)

        def begin(store: Store, _: int) -> None:
            initialise(store, base, base="small", gold=rows, silver_texts=(), holdout=(), who="me", when=WHEN)

        origin = yield from self._done("init", {}, begin)
        delivered = yield from self._done("submit", origin, lambda store, _: submit(store, self.file))
        judged = yield from self._night(delivered, PASSING, names=True)
        published = yield from self._done("publish", judged, self._publish(WORD))
        yield from self._done("pull", published, self._pull)
        both = self._second_night(published)
        back = yield from self._done("rollback", both, self._roll_back)
        version = Registry(restored(both)).production()[0]
        yield from self._done("promote", back, partial(self._promote, version))
        yield from self._done("gc", back, self._collect)
        refused = yield from self._night(delivered, FAILING)
        yield from self._done("reject", refused, lambda s, _: reject(self._run(s), WORD))
        asked = yield from self._night(delivered, ASKING)
        yield from self._done("approve", asked, self._publish(YES))
        yield from self._done("abandon", asked, lambda s, _: abandon(self._run(s), WORD))
        yield from self._done("skip", asked, lambda s, _: skip(self._run(s), WORD))

    def _night(self, before: Snapshot, policies: Policies, *, names: bool = False) -> Any:
        """Run a night up to its verdict; with `names`, its tasks are operations of the campaign."""
        remembered = partial(uptrain, train=self.memo.train)
        tasks: dict[str, Callable[[Run], object]] = {
            "plan": lambda run: plan(run, policies),
            "admit": lambda run: [
                admit(run, state.ref.digest) for state in survey(run.store, policies, cache=self.cache)
            ],
            "assemble": assemble,
            "uptrain": remembered,
            "evaluate": evaluate,
            "judge": judge,
        }
        for name, task in tasks.items():
            do = partial(self._task, task)
            if names:
                before = yield from self._done(name, before, do)
            else:
                before = undisturbed(Operation(name=name, before=before, do=do))
        return before

    def _done(self, name: str, before: Snapshot, do: Callable[[Store, int], object]) -> Any:
        operation = Operation(name=name, before=before, do=do)
        yield operation
        return undisturbed(operation)

    def _second_night(self, before: Snapshot) -> Snapshot:
        """Run another night, so that a rollback has a version to go back to that is not the origin."""
        store = restored(before)
        store.create("inbox/second.jsonl", write_examples(self.rows[40:]))
        run, train, query = self._run(store, "run-2"), self.memo.train, self.memo.query
        for _ in whole_night(run, PASSING, lambda: WORD, train=train, query=query):
            pass
        return snapshot(store)

    def _roll_back(self, store: Store, number: int) -> None:
        roll_back(self._run(store, f"rollback-{number}"), WORD, query=self.memo.query)

    def _promote(self, version: str, store: Store, number: int) -> None:
        promote(self._run(store, f"promote-{number}"), WORD, version=version, query=self.memo.query)

    def _task(self, task: Callable[[Run], object], store: Store, _: int) -> None:
        task(self._run(store))

    def _run(self, store: Store, run_id: str = "run-1") -> Run:
        return Run(store=store, id=run_id, cache=self.cache)

    def _publish(self, word: Word) -> Callable[[Store, int], object]:
        return lambda store, _: publish(self._run(store), word, query=self.memo.query)

    def _collect(self, store: Store, number: int) -> None:
        later = replace(WORD, when=WHEN + timedelta(days=400))
        collect(store, later, keep_days=0, resume=number > 0)

    def _pull(self, store: Store, _: int) -> None:
        cache = self.home / "pulled"
        version, manifest = Registry(store).production()
        lay_out(store, version, manifest.files, cache=cache)
        shutil.rmtree(cache)


LOOSE = GatePolicy(
    micro_margin=1.0, macro_margin=1.0, label_margin=1.0, new_margin=1.0, new_floor=0.0, label_drop=1.0,
    flip_cap=1.0, survival_floor=0.0, speed_floor=0.001, resamples=100, min_support=1,
)  # fmt: skip
PASSING = Policies(
    corpus=CorpusPolicy(rehearsal_texts=20, memory_per_label=20, holdout_share=0.2),
    training=TrainingPolicy(epochs=1, batch_words=500),
    gate=LOOSE,
)
FAILING = replace(PASSING, gate=replace(LOOSE, new_floor=1.0))
ASKING = replace(PASSING, gate=replace(LOOSE, min_support=100_000))


def undisturbed(operation: Operation) -> Snapshot:
    """Return what the operation leaves when nothing fails."""
    store = restored(operation.before)
    operation.do(store, 0)
    return snapshot(store)
