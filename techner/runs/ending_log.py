"""Where it is said how a judged run ends: a log of its own below `decisions/` (ADR 23)."""

from techner.core.examples import digest
from techner.core.records import Decision
from techner.core.run_documents import Judged
from techner.registry.log import Log
from techner.runs.documents import RunDocuments

RUN_WORDS = "run-"
"""What the name of a run's log begins with below `decisions/`; a batch's is a bare digest."""


def ending_log(run: RunDocuments) -> Log[Decision]:
    """Return the log of the run's verdict."""
    return Log(run.store, f"decisions/{question_name(run)}", Decision)


def ending_name(run: RunDocuments) -> str | None:
    """Return the name of that log below `decisions/`; None where no end was said of a verdict."""
    is_judged = any(run.store.list(run.key(Judged), limit=1))
    return question_name(run) if is_judged and ending_log(run).length() else None


def question_name(run: RunDocuments) -> str:
    """Return the name of the run's verdict, below `decisions/`; raises ObjectMissing if there is none."""
    verdict = run.store.get(run.key(Judged))  # judged again, it is another question
    return RUN_WORDS + digest(run.id.encode() + b"\n" + verdict)
