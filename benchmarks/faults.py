"""Fail the k-th store call of everything that writes, in four ways; then retry as a person or Airflow would.

    python benchmarks/faults.py [--operation NAME …] [--every N] [--seconds S]

The call raises an error before or after it takes effect, or the process dies before or after it. Then the
operation is repeated until it succeeds or is refused. The store must then hold what an undisturbed one holds:
what is missing was lost, what is extra was doubled, and what differs or cannot be verified is wrong. `left`
counts trials that leave scratch objects, as a killed process may: reservations, probes.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import spacy
from thinc.api import fix_random_seed

from techner.core.errors import RegistryError, StoreError, TechnerError
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
from techner.operate.collect import collect
from techner.operate.initialise import initialise
from techner.operate.promote import promote
from techner.operate.rollback import roll_back
from techner.registry import Registry
from techner.registry.clean_process import query_apart
from techner.registry.layout import lay_out
from techner.registry.verify import verify_store
from techner.runs.judgements import Word
from techner.runs.run import Run
from techner.starter import slot_examples
from techner.store import MemoryStore, Store
from techner.store.base import Stored
from techner.store.wrapped import WrappedStore
from techner.uptraining import loop, make_candidate
from techner.uptraining.gold import gold
from techner.uptraining.task import Uptrained

WHEN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
WORD = Word(who="campaign", when=WHEN, why="tried")
YES = replace(WORD, approved=True)
TRIES = 4
OPERATIONS = (
    "init", "submit", "plan", "admit", "assemble", "uptrain", "evaluate", "judge", "publish", "pull",
    "rollback", "promote", "gc", "reject", "approve", "abandon", "skip",
)  # fmt: skip
Snapshot = dict[str, bytes]
LOGS = ("aliases/", "judgements/", "decisions/")
SCRATCH = re.compile(r"probe/.*|runs/.*/manifest\.json|gc/condemned\.json")


class Way(StrEnum):
    ERROR_BEFORE = "error before"
    ERROR_AFTER = "error after"
    DEAD_BEFORE = "dead before"
    DEAD_AFTER = "dead after"


class Dead(BaseException):
    """The process is dead: it makes no further call, whatever it catches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty(WrappedStore):
    """Counts its calls, and fails the one at `at`."""

    way: Way = Way.ERROR_BEFORE
    at: int = 0
    state: dict[str, int] = field(default_factory=lambda: {"calls": 0, "dead": 0})

    def get(self, key: str) -> bytes:
        return bytes(self._call(lambda: self.inner.get(key)))

    def create(self, key: str, data: bytes) -> None:
        self._call(lambda: self.inner.create(key, data))

    def put(self, key: str, data: bytes) -> None:
        self._call(lambda: self.inner.put(key, data))

    def delete(self, key: str) -> None:
        self._call(lambda: self.inner.delete(key))

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        return iter(self._call(lambda: [*self.inner.list(prefix, limit=limit)]))

    def upload(self, key: str, path: Path) -> None:
        self._call(lambda: self.inner.upload(key, path))

    def download(self, key: str, path: Path) -> None:
        self._call(lambda: self.inner.download(key, path))

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        return iter(self._call(lambda: [*self.inner.chunks(key, start=start)]))

    def _call(self, do: Callable[[], Any]) -> Any:
        if self.state["dead"]:
            raise Dead
        self.state["calls"] += 1
        if self.state["calls"] != self.at:
            return do()
        if self.way in (Way.ERROR_AFTER, Way.DEAD_AFTER):
            do()
        if self.way in (Way.DEAD_BEFORE, Way.DEAD_AFTER):
            self.state["dead"] = 1
            raise Dead
        raise StoreError(f"no answer to call {self.at}")


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


def said(taken: Snapshot) -> dict[str, object]:
    """Return what the objects say, without random fields of records and the figures of the speed."""
    found: dict[str, object] = {}
    for key, data in taken.items():
        if key.startswith(LOGS):
            random = {"id", "before", "signature"} if not key.startswith("judgements/") else {"signature"}
            found[key] = {name: value for name, value in json.loads(data).items() if name not in random}
        elif key.endswith("/speed.json"):
            found[key] = "measured"
        else:
            found[key] = data
    return found


def small_base(folder: Path) -> Path:
    """Train a base model on the general labels; how good it is does not matter here."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = slot_examples("general", 60, seed=1)
    egs = gold(nlp, examples, frozenset(span.label for example in examples for span in example.spans))
    fix_random_seed(0)
    nlp.initialize(lambda: egs)
    for _ in loop.train(nlp, "ner", loop.Material(new=egs), TrainingPolicy(epochs=2, batch_words=100)):
        pass
    nlp.to_disk(folder)
    return folder


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
        run = self._run(store, "run-2")
        plan(run, PASSING)
        for state in survey(store, PASSING, cache=self.cache):
            if state.is_due:
                admit(run, state.ref.digest)
        assemble(run)
        uptrain(run, train=self.memo.train)
        evaluate(run)
        judge(run)
        publish(run, WORD, query=self.memo.query)
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


def tried(operation: Operation, way: Way, at: int) -> Snapshot:
    """Fail one call, then repeat the operation until it succeeds, or is refused because it is done."""
    store = restored(operation.before)
    for number in range(TRIES):
        try:
            operation.do(Faulty(inner=store, way=way, at=0 if number else at), number)
            break
        except Dead:
            continue
        except RegistryError:
            if not number:
                raise
            break  # it is done, and says so
        except TechnerError:
            continue
    return snapshot(store)


def judged(operation: Operation, found: Snapshot, expected: Snapshot) -> set[str]:
    """Return the kinds of faults in a store after the last try."""
    have, want = said(found), said(expected)
    extra = {key for key in have.keys() - want.keys() if not SCRATCH.fullmatch(key)}
    lacking = {key for key in want.keys() - have.keys() if not SCRATCH.fullmatch(key)}
    kinds = {"left"} if any(SCRATCH.fullmatch(key) for key in have.keys() - want.keys()) else set()
    kinds |= {"lost"} if lacking else set()
    kinds |= {"doubled"} if extra else set()
    differing = [key for key in have.keys() & want.keys() if have[key] != want[key]]
    store = restored(found)
    faults = list(verify_store(store, list(Registry(store).versions())))
    if differing or faults:
        kinds.add("wrong")
    for key in (*lacking, *extra, *differing, *faults) if kinds - {"left"} else ():
        print(f"    {operation.name}: {key}", file=sys.stderr)
    return kinds


def campaign(operation: Operation, *, every: int, seconds: float) -> Counter[str]:
    """Fail every n-th call in all four ways; return the numbers of trials and of each kind of fault."""
    counting = Faulty(inner=restored(operation.before))
    operation.do(counting, 0)
    expected, counts = snapshot(counting.inner), Counter[str](calls=counting.state["calls"])
    until = time.monotonic() + seconds
    for at in range(1, counts["calls"] + 1, every):
        for way in Way:
            if time.monotonic() > until:
                return counts
            try:
                kinds = judged(operation, tried(operation, way, at), expected)
            except TechnerError as error:
                kinds = {"wrong"}
                print(f"    {operation.name}: {error}", file=sys.stderr)
            if kinds - {"left"}:
                print(f"    {operation.name}: {way} call {at}: {', '.join(sorted(kinds))}", file=sys.stderr)
            counts.update(["trials", *kinds])
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operation", nargs="*", choices=OPERATIONS, help="only these; default: all")
    parser.add_argument("--every", type=int, default=1, help="fail every n-th call only")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="limit for each operation")
    wanted = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="techner-faults-"))
    columns = ("calls", "trials", "lost", "doubled", "wrong", "left")
    print(f"{'operation':10}", *(f"{column:>8}" for column in columns), flush=True)
    total = Counter[str]()
    try:
        left = [*(wanted.operation or OPERATIONS)]
        for operation in Campaign(home).operations(small_base(home / "base")):
            if operation.name not in left:
                continue
            left.remove(operation.name)
            counts = campaign(operation, every=wanted.every, seconds=wanted.seconds)
            total += counts
            print(f"{operation.name:10}", *(f"{counts[column]:8}" for column in columns), flush=True)
            if not left:
                break
    finally:
        shutil.rmtree(home)
    print(f"{'all':10}", *(f"{total[column]:8}" for column in columns))
    sys.exit(any(total[column] for column in ("lost", "doubled", "wrong")))


if __name__ == "__main__":
    main()
