"""What is known of a run without a verdict: it is under way, was stopped, or has not begun."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from techner.core.errors import IntegrityError, ObjectMissing, StoreError
from techner.core.run_documents import Corpus, Plan
from techner.documents import parse
from techner.runs.documents import NAMES, RUNS, run_of
from techner.runs.gone import GONE
from techner.store import Store
from techner.store.base import check_key
from techner.web.undecided import FOLLOWING, TrainingView, following, training_of

D = TypeVar("D", Plan, Corpus)
BEFORE_VERDICT = tuple((task, doing) for _, task, doing in reversed(FOLLOWING))
"""The tasks between plan and verdict, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    task: str
    doing: str
    state: str
    """done, next or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunView:
    """What the page shows of such a run."""

    id: str
    tasks: tuple[TaskView, ...]
    plan: Plan | None
    """None before there is one, or where it cannot be read."""
    corpus: Corpus | None
    gone: int
    """How many planned batches it goes on without."""
    training: TrainingView | None
    damage: tuple[str, ...]
    """What is wrong with documents that cannot be read."""


def may_be_run(run_id: str) -> bool:
    """Tell whether a run can have this id: what is in an address may be anything."""
    try:
        check_key(f"{RUNS}{run_id}/{NAMES[Plan]}")
    except StoreError:
        return False
    return True


def look_at_begun(store: Store, run_id: str, now: datetime) -> BegunView | None:
    """Return what is known of a run that has not been judged; None if the store has nothing of it."""
    if not may_be_run(run_id):
        return None
    folder = f"{RUNS}{run_id}/"
    has = {entry.key.rpartition("/")[2] for entry in store.list(folder) if run_of(entry.key) == run_id}
    if not has:
        return None
    damage: list[str] = []
    task, _ = following(has)
    return BegunView(
        id=run_id,
        tasks=_tasks(task),
        plan=_found(store, folder, Plan, damage),
        corpus=_found(store, folder, Corpus, damage),
        gone=sum(name.startswith(f"{GONE}-") and name.endswith(".json") for name in has),
        training=training_of(store, run_id, has, now),
        damage=tuple(damage),
    )


def _tasks(at: str) -> tuple[TaskView, ...]:
    tasks = [task for task, _ in BEFORE_VERDICT]
    place = tasks.index(at) if at in tasks else -1

    def state(number: int) -> str:
        return "done" if number < place else "next" if number == place else ""

    return tuple(
        TaskView(task=task, doing=doing, state=state(number))
        for number, (task, doing) in enumerate(BEFORE_VERDICT)
    )


def _found(store: Store, folder: str, kind: type[D], damage: list[str]) -> D | None:
    key = folder + NAMES[kind]
    try:
        return parse(kind, store.get(key), where=key)
    except ObjectMissing:
        return None
    except IntegrityError as error:
        damage.append(str(error))
        return None
