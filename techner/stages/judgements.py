"""The log of judged runs: what people ask about after a run's working files are gone."""

from dataclasses import dataclass
from datetime import datetime

from techner.core.errors import RegistryError
from techner.core.manifest import Judgement
from techner.core.night import Corpus, Judged, Plan
from techner.registry.log import Log
from techner.stages.run import Run
from techner.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who ends the run, why, and when; `approved` is a person's yes where the gate asked."""

    who: str
    when: datetime
    why: str = ""
    approved: bool = False


def judgements(store: Store) -> Log[Judgement]:
    """Return the log of all judged runs."""
    return Log(store, "judgements", Judgement)


def record(
    run: Run, plan: Plan, judged: Judged, *, outcome: str, version: str | None, when: datetime
) -> None:
    """Append a judged run to the log, once."""
    log = judgements(run.store)
    newest = log.newest()
    if newest and newest[1].id == run.id and newest[1].outcome == outcome:
        return  # an earlier try got this far
    judgement = Judgement(
        id=run.id,
        outcome=outcome,
        reason=judged.verdict.reason,
        production=plan.production,
        version=version,
        batches=run.read("corpus.json", Corpus).batches,
        scores=judged.scores,
        verdict=judged.verdict,
        when=when,
    )
    if not log.append(judgement, after=newest[0] if newest else 0):
        raise RegistryError("another run was recorded at the same moment; run this task again")
