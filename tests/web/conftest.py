"""Stores that the real registry and the tasks filled; nothing is trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fastapi.testclient import TestClient

from techner.core.delivery import Action, BatchRef, QualityReport
from techner.core.manifest import LabelScore, Lineage, Manifest, Part
from techner.core.policy import Policies
from techner.core.records import BatchWord, Judgement, RunOutcome
from techner.core.run_documents import Plan
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.inbox.decisions import decide
from techner.inbox.survey import survey
from techner.registry import Registry
from techner.registry.blobs import save_bytes
from techner.runs.judgements import judgements
from techner.store import MemoryStore, Store
from techner.web import create_app

WHEN = datetime(2026, 11, 2, 2, 14, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>.jsonl"
NAMES = ("2026-10-30.jsonl", "2026-10-31.jsonl", "2026-11-02.jsonl", HOSTILE)
MODEL = {"config.cfg": b"[nlp]\n", "ner/model": bytes(range(256)) * 9000, "ner/empty": b""}


def check(name: str, candidate: float | None, state: CheckState, *, decisive: bool = True) -> Check:
    return Check(
        name=name,
        against=Against.ORIGIN,
        rule="lost at most 0.010, with 95 % confidence",
        baseline=0.861,
        candidate=candidate,
        low=None if candidate is None else -0.03,
        high=None if candidate is None else 0.009,
        margin=0.01,
        support=0 if candidate is None else 400,
        state=state,
        decisive=decisive,
    )


def score(label: str, part: Part, low: float | None, high: float | None) -> LabelScore:
    return LabelScore(
        label=label,
        part=part,
        support=412,
        origin=0.861 if part is Part.PRETRAINED else None,
        production=0.858,
        candidate=0.864,
        low=low,
        high=high,
    )


SCORES = (
    score("ORG", Part.PRETRAINED, -0.004, 0.009),
    score("PERSON", Part.PRETRAINED, -0.021, -0.006),
    score("PROGRAMMING_LANGUAGE", Part.NEW, 0.012, 0.05),
    score("PROTOCOL", Part.NEW, None, None),
)
GOOD = check("micro F1", 0.864, CheckState.PASSED)
PASSED = Verdict(checks=(GOOD, check("ORG", 0.864, CheckState.PASSED)))
FAILED = Verdict(
    checks=(
        GOOD,
        check("PERSON", 0.84, CheckState.FAILED),
        check("rare", None, CheckState.INSUFFICIENT),
        check("DATE", 0.8, CheckState.INSUFFICIENT, decisive=False),
    )
)

PLAN = Plan(
    batches=(BatchRef(name=HOSTILE, digest="0" * 64),),
    production="0001-0123456789abcdef",
    origin="0000-0123456789abcdef",
    reference="0" * 64,
    policies=Policies(),
)


@dataclass(frozen=True)
class Filled:
    """What was put into the store."""

    store: Store
    origin: str
    production: str
    model: dict[str, bytes]
    """The files of `production`."""


def fill(store: Store, *, nights: int = 2) -> Filled:
    """Make an origin, promoted nights, one rejected night whose batch is held, and a pending delivery."""
    origin = save_version(store, number=0, parent=None, origin=None)
    Registry(store).move(origin, expected=None, who="cli:ada", why="origin made from starter", when=WHEN)
    for number, name in enumerate(NAMES):
        store.create(f"inbox/{name}", b'{"text": "TLS %d"}\n' % number)
    with TemporaryDirectory() as cache:
        refs = [state.ref for state in survey(store, Policies(), cache=Path(cache))]
    live = origin
    for number in range(1, nights + 1):
        version = save_version(store, number=number, parent=live, origin=origin, batches=refs[:number])
        why = f"gate: all 2 checks passed (run scheduled-{number})"
        when = WHEN + timedelta(days=number)
        Registry(store).move(version, expected=live, who="airflow:schedule", why=why, when=when)
        judge(store, f"scheduled-{number}", PASSED, version=version, batches=refs[number - 1 : number])
        live = version
    decide(store, refs[2], BatchWord.HOLD, who="airflow:schedule", why=FAILED.reason, when=WHEN)
    judge(store, "scheduled-9", FAILED, version=None, batches=refs[2:])
    return Filled(store, origin, live, MODEL | {"meta.json": b"%d" % nights})


def save_version(
    store: Store, *, number: int, parent: str | None, origin: str | None, batches: Sequence[BatchRef] = ()
) -> str:
    report = save_bytes(store, b"<!doctype html><title>night %d</title>" % number, path="report.html")
    files = MODEL | {"meta.json": b"%d" % number}
    return Registry(store).create(
        Manifest(
            number=number,
            parent=parent,
            origin=origin,
            base="starter",
            pretrained_labels=("ORG", "PERSON"),
            new_labels=("PROGRAMMING_LANGUAGE", "PROTOCOL") if number else (),
            files=tuple(save_bytes(store, data, path=path) for path, data in files.items()),
            records={"report.html": report} if number else {},
            lineage=Lineage(batches=tuple(batches), reference="0" * 64, code="1", libraries={}),
        ),
    )


def judge(
    store: Store, run: str, verdict: Verdict, *, version: str | None, batches: Sequence[BatchRef]
) -> None:
    log = judgements(store)
    newest = log.newest()
    record = Judgement(
        id=run,
        outcome=RunOutcome.PROMOTED if version else RunOutcome.REJECTED,
        reason=verdict.reason,
        production="0000-0000000000000000",
        version=version,
        batches=tuple(batches),
        scores=SCORES,
        verdict=verdict,
        when=WHEN,
        report=save_bytes(store, f"<!doctype html><title>{run}</title>".encode(), path="report.html"),
    )
    assert log.append(record, after=newest.generation if newest else 0)


def report_on(batch: BatchRef, admission: str) -> QualityReport:
    """Return the report of a batch in which nothing is wrong."""
    return QualityReport(
        batch=batch,
        admission=admission,
        action=Action.ACCEPT,
        reader="JSONL",
        read=9,
        accepted=9,
        quarantined=0,
        rejected=0,
        labels={"PROTOCOL": 9},
        scope=("PROTOCOL",),
        scope_from="inferred",
        own_scopes=0,
        renamed={},
        issues=(),
        expectations=(),
    )


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TECHNER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def filled() -> Filled:
    return fill(MemoryStore())


@pytest.fixture
def filled_for() -> Callable[[int], Filled]:
    """Fill a store with so many promoted nights."""
    return lambda nights: fill(MemoryStore(), nights=nights)


@pytest.fixture(name="fill")
def fill_any() -> Callable[[Store], Filled]:
    """Fill a store of the test's own."""
    return fill


@pytest.fixture
def client() -> Callable[..., TestClient]:
    def make(store: Store, **options: Any) -> TestClient:
        return TestClient(create_app(lambda: store, **options), raise_server_exceptions=False)

    return make
