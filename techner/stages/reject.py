"""`reject` and `dry_run`: the ends of a run that publishes nothing."""

from techner.core.errors import RegistryError
from techner.core.night import Corpus, Judged, Plan
from techner.stages.inbox import decide
from techner.stages.judgements import Word, judgement_of, record
from techner.stages.run import Run


def reject(run: Run, word: Word) -> Judged:
    """Keep the verdict and hold the run's batches until a person releases them."""
    plan = run.read("plan.json", Plan)
    earlier = judgement_of(run, plan)
    if plan.dry_run or (earlier and earlier.outcome != "rejected"):
        decided = earlier.outcome if earlier else "dry run"
        raise RegistryError(f"run {run.id!r} is none to reject: {decided}")
    judged = run.read("verdict.json", Judged)
    why = f"{word.why or judged.verdict.reason} (run {run.id})"
    for batch in run.read("corpus.json", Corpus).batches:
        decide(run.store, batch, "hold", who=word.who, why=why, when=word.when)
    record(run, plan, judged, outcome="rejected", version=None, when=word.when)
    return judged


def dry_run(run: Run, word: Word) -> Judged:
    """Keep the verdict; nothing else changes."""
    plan, judged = run.read("plan.json", Plan), run.read("verdict.json", Judged)
    record(run, plan, judged, outcome="dry run", version=None, when=word.when)
    return judged
