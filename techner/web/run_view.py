"""What is known of a run: its record for good, and its documents as long as they are kept."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from techner.core.delivery import BatchRef
from techner.core.errors import IntegrityError, Outdated
from techner.core.manifest import LabelScore
from techner.core.records import Decision, Judgement
from techner.core.redact import shown
from techner.core.run_documents import Candidate, Changes, Corpus, Judged, Plan, Speed
from techner.core.verdict import Verdict
from techner.runs.answers import answered, asks
from techner.runs.documents import RunDocument, RunDocuments
from techner.runs.judgements import find_judged
from techner.store.read_once import ReadOnceStore
from techner.web.reading import Reading

D = TypeVar("D", bound=RunDocument)
log = logging.getLogger(__name__)
LATE = timedelta(minutes=15)
"""After so long, an answer that nothing came of is called stuck; publishing a large model takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """What the page shows of a run."""

    id: str
    verdict: Verdict
    scores: tuple[LabelScore, ...]
    batches: tuple[BatchRef, ...]
    judgement: Judgement | None
    """None while the run is undecided."""
    said: Decision | None
    """The answer to the gate's question, as far as the run is undecided."""
    is_late: bool
    dry_run: bool
    corpus: Corpus | None
    candidate: Candidate | None
    speed: Speed | None
    changes: Changes | None
    """Documents of the run; None where they are not kept, are damaged, or belong to another try."""

    @property
    def is_open(self) -> bool:
        """Whether the question stands."""
        is_asked = asks(self.verdict, dry_run=self.dry_run)
        return is_asked and self.judgement is None and self.said is None


def look(here: Reading, run_id: str) -> RunView:
    """Return what is known of a run; raises RegistryError for one that has not been judged."""
    run = RunDocuments(store=ReadOnceStore(inner=here.store), id=run_id)
    judgement, _ = find_judged(run.store, run_id, skip=here.is_of_another(run_id))
    said = None if judgement else answered(run)
    judged = _kept(run, Judged) if judgement else run.read(Judged)
    told: Judged | Judgement = judgement or run.read(Judged)
    # A run that was made again under its name has documents that this verdict does not rest on.
    is_same = judged is not None and judged.verdict == told.verdict
    plan = _kept(run, Plan)
    return RunView(
        id=run_id,
        verdict=told.verdict,
        scores=told.scores,
        batches=judgement.batches if judgement else plan.batches if plan else (),
        judgement=judgement,
        said=said,
        is_late=said is not None and here.now - said.when > LATE,
        dry_run=plan is not None and plan.dry_run,
        corpus=_kept(run, Corpus) if is_same else None,
        candidate=_kept(run, Candidate) if is_same else None,
        speed=_kept(run, Speed) if is_same else None,
        changes=_kept(run, Changes) if is_same else None,
    )


def _kept(run: RunDocuments, kind: type[D]) -> D | None:
    try:
        return run.find(kind)
    except Outdated:
        return None
    except IntegrityError as error:  # a damaged document must not hide the verdict, nor stop an answer
        log.warning("the page of run %s goes without a document: %s", shown(run.id), shown(str(error)))
        return None
