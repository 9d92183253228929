"""What past nights replayed, and what became of the labels."""

from dataclasses import dataclass, replace

from techner.core.errors import Outdated
from techner.core.policy import Policies, TrainingPolicy
from techner.core.run_documents import Corpus, Evaluation, Plan
from techner.evaluation.replay import ReplayedNight, replayed_night
from techner.runs.documents import RunDocuments
from techner.runs.judgements import judgements
from techner.store import Store


@dataclass(frozen=True, kw_only=True)
class PastNights:
    """The judged nights of a store, newest first: promoted, rejected and asked alike."""

    comparable: tuple[ReplayedNight, ...]
    unlike: int
    """Nights that trained with other settings than today's."""
    gone: int
    """Nights whose documents were collected or made anew, or in which no gold scored the old labels."""


def past_nights(store: Store, policies: Policies) -> PastNights:
    """Read what the log of judgements and the documents of its runs say; writes nothing."""
    found: list[ReplayedNight] = []
    unlike = gone = 0
    judged = (record.id for _, record in judgements(store).believed() if record and record.verdict.checks)
    for run_id in dict.fromkeys(judged):
        run = RunDocuments(store=store, id=run_id)
        try:
            plan, corpus, evaluation = run.find(Plan), run.find(Corpus), run.find(Evaluation)
        except Outdated:
            plan = corpus = evaluation = None
        if plan is None or corpus is None or evaluation is None:
            gone += 1
        elif _but_for_seed(plan.policies.training) != _but_for_seed(policies.training):
            unlike += 1
        elif night := replayed_night(evaluation, corpus, policies.gate):
            found.append(night)
        else:
            gone += 1
    return PastNights(comparable=tuple(found), unlike=unlike, gone=gone)


def _but_for_seed(training: TrainingPolicy) -> TrainingPolicy:
    return replace(training, seed=0)
