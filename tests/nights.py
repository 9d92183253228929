"""Nights that many tests begin with, each run once a test run; tests work on copies of their stores."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from techner.core.manifest import FileEntry
from techner.core.policy import Policies
from techner.core.records import RunOutcome
from techner.core.run_documents import Candidate, Changes, Corpus, Evaluation, Judged, Plan, Report, Speed
from techner.documents import parse
from techner.inbox.survey import survey
from techner.night import admit, assemble, evaluate, judge, plan, uptrain
from techner.night.order import TASKS
from techner.runs.documents import RunDocument
from techner.runs.judgements import record_judgement
from techner.runs.run import Run
from techner.store import FolderStore
from tests.moves import publish
from tests.world import WHEN, WORD, World, once, quick, strict, tech_batch

NIGHT = (*TASKS, "publish")
STEPS: dict[str, Callable[[Run], object]] = {
    "assemble": assemble.assemble,
    "uptrain": uptrain.uptrain,
    "evaluate": evaluate.evaluate,
    "judge": judge.judge,
}


DOCUMENTS: tuple[type, ...] = (Plan, Corpus, Candidate, Speed, Changes, Evaluation, Report, Judged)


def rewrite(run: Run, *changed: RunDocument) -> None:
    """Write the documents of a judged run anew, as if each had been made from the others as they are then."""
    new = {type(document): document for document in changed}
    for kind in DOCUMENTS:
        key = run.key(kind)
        run.write(new.get(kind) or parse(kind, run.store.get(key), where=key))


def copy_night(world: World, run_id: str, *, texts: int) -> Run:
    """Write down another judged run, like night-1 but for its rehearsal texts."""
    like, run = world.run("night-1"), world.run(run_id)
    for kind in DOCUMENTS:
        document: RunDocument = parse(kind, world.store.get(like.key(kind)), where=run_id)
        if isinstance(document, Corpus):
            document = replace(document, counts=document.counts | {"rehearsal": texts})
        run.write(document)
    record_judgement(
        run,
        run.read(Plan),
        run.read(Judged),
        outcome=RunOutcome.DRY_RUN,
        version=None,
        when=WHEN + timedelta(days=1),
    )
    return run


def corpus_of(entry: FileEntry, **counts: int) -> Corpus:
    """Return a training corpus whose files are all `entry`."""
    return Corpus(
        batches=(),
        admissions=(),
        train=entry,
        rehearsal=entry,
        memory=entry,
        holdout=entry,
        scoring=entry,
        counts=counts,
    )


def do(task: str, world: World) -> None:
    """Run one task of a quick night."""
    run = world.run()
    if task == "plan":
        plan.plan(run, quick())
    elif task == "admit":
        for state in survey(world.store, quick(), cache=world.cache):
            admit.admit(run, state.ref.digest)
    elif task == "publish":
        publish(run, WORD)
    else:
        STEPS[task](run)


@pytest.fixture(scope="session")
def undisturbed(origin_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the store of one night before each of its tasks, and under "end" after the last."""

    def make(root: Path) -> None:
        shutil.copytree(origin_store, root / "end")
        world = World(FolderStore(root / "end"), tmp_path_factory.mktemp("cache"))
        world.deliver("first.jsonl", tech_batch(0, 60))
        for task in NIGHT:
            shutil.copytree(root / "end", root / task)
            do(task, world)

    root = once(tmp_path_factory, "undisturbed", make)
    return {task: root / task for task in (*NIGHT, "end")}


def second_night(
    promoted_store: Path, factory: pytest.TempPathFactory, name: str, policies: Policies
) -> Path:
    """Return a store after the verdict on its second night, `run-2`, which nobody has acted on."""

    def make(root: Path) -> None:
        shutil.copytree(promoted_store, root)
        world = World(FolderStore(root), factory.mktemp("cache"))
        world.deliver("second.jsonl", tech_batch(210, 260))
        world.until("judge", "run-2", policies)

    return once(factory, name, make)


@pytest.fixture(scope="session")
def judged_store(promoted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_night(promoted_store, tmp_path_factory, "judged", quick())


@pytest.fixture
def judged(judged_store: Path, tmp_path: Path) -> World:
    """Return a world with a second night that passed, not published yet."""
    shutil.copytree(judged_store, tmp_path / "judged")
    return World(FolderStore(tmp_path / "judged"), tmp_path / "cache")


@pytest.fixture(scope="session")
def refused_store(promoted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_night(promoted_store, tmp_path_factory, "refused", strict())


@pytest.fixture
def refused(refused_store: Path, tmp_path: Path) -> World:
    """Return a world with a second night that the gate refused, not rejected yet."""
    shutil.copytree(refused_store, tmp_path / "refused")
    return World(FolderStore(tmp_path / "refused"), tmp_path / "cache")
