"""What the tasks of a night say in their logs: what was decided, and why."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from techner.core.delivery import BatchRef, QualityReport
from techner.core.policy import TrainingPolicy
from techner.core.redact import shown
from techner.core.run_documents import Corpus, Gone, Judged
from techner.core.verdict import Check, Outcome, Verdict
from techner.inbox.survey import BatchState
from techner.runs.documents import RunDocuments
from techner.runs.judgements import Word

if TYPE_CHECKING:
    from techner.uptraining import Step

_MOST_NAMES = 20
_MOST_REASONS = 3
_MICRO = " micro F1"


def names(batches: Iterable[BatchRef]) -> str:
    """Return the names of batches, at most twenty, safe for a log."""
    found = [shown(batch.name) for batch in batches]
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return (", ".join(found[:_MOST_NAMES]) or "none") + more


def admitted(report: QualityReport) -> tuple[str, ...]:
    """Return what became of a batch: its scope, its rows, and the most frequent faults."""
    name, aside = shown(report.batch.name), report.quarantined + report.rejected
    found = Counter(finding.code for finding in report.issues) + Counter(report.left_out)
    faults = ", ".join(f"{number} {code}" for code, number in found.most_common(_MOST_REASONS))
    return (
        f"{name}: scope {', '.join(report.scope) or 'none'} ({report.scope_from})",
        f"{name}: {report.action}, {report.accepted} of {report.read} rows accepted, {aside} set aside"
        + (f" ({faults})" if faults else ""),
    )


def states(batches: Iterable[BatchState]) -> str:
    """Return how many batches are in each state."""
    counts = Counter(str(batch.status) for batch in batches)
    return ", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "none"


def left_out(runs: Iterable[str]) -> str:
    """Return for which runs a night left out batches that were due."""
    *others, last = sorted(map(shown, set(runs)))
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"Left out: the batches of {listed}, which {'wait' if others else 'waits'} for an answer."


def left_out_as_gone(found: Iterable[Gone]) -> str:
    """Return which planned batches a night left out, and why."""
    return f"Left out: {gone(found)}. The next night takes what is there then."


def gone(found: Iterable[Gone]) -> str:
    """Return the batches that are gone, at most twenty, each with what became of it."""
    told = [f"{shown(one.batch.name)} ({one.why})" for one in found]
    more = f" and {len(told) - _MOST_NAMES} more" if len(told) > _MOST_NAMES else ""
    return ", ".join(told[:_MOST_NAMES]) + more


def training(policy: TrainingPolicy) -> str:
    """Return the settings of a training that people change from night to night."""
    epochs = policy.epochs or f"for {policy.presentations} presentations"
    return f"strategy {policy.strategy}, seed {policy.seed}, epochs {epochs}"


def scores(verdict: Verdict) -> str:
    """Return the scores over all old and all new labels, each once."""
    found = {check.name: check for check in verdict.checks if check.name.endswith(_MICRO)}
    lines = (f"{name} {_figure(check.candidate)}{_baseline(check)}" for name, check in found.items())
    return ", ".join(lines) or "no score"


def unpassed(verdict: Verdict) -> tuple[str, ...]:
    """Return a sentence for each decisive check that failed or stayed open, the failed ones first."""
    return tuple(map(_sentence, verdict.unpassed))


def rejected(run: RunDocuments, judged: Judged, word: Word) -> str:
    """Return how a rejected night ended: who or what rejected it, and what became of its batches."""
    held = f"held until released: {names(run.read(Corpus).batches)}."
    if judged.verdict.outcome is Outcome.ASK:
        return f"Rejected by {word.who}{f': {word.why}' if word.why else ''}; {held}"
    found = unpassed(judged.verdict)
    more = f"; and {len(found) - _MOST_REASONS} more" if len(found) > _MOST_REASONS else ""
    return f"Rejected: {'; '.join(found[:_MOST_REASONS]) or judged.verdict.reason}{more}; {held}"


def _sentence(check: Check) -> str:
    figure = "" if check.observed is None else f" is {_change(check)}"
    return f"{check.state}: {shown(check.name)} against {check.against}{figure} ({check.rule})"


def _change(check: Check) -> str:
    return _figure(check.candidate) if check.baseline is None else f"{check.observed:+.3f}"


def _baseline(check: Check) -> str:
    return "" if check.baseline is None else f" ({check.against} {_figure(check.baseline)})"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


class MinutesLeft:
    """Tells how long the rest of a training takes at most: it may stop before its last epoch."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self._epoch = 0

    def after(self, step: "Step", *, now_s: float) -> float | None:
        """Return the minutes left after a step; None after the first one."""
        share = step.done / step.total if step.total else 1.0
        # A training that goes on from where it was stopped tells the ends of earlier epochs again, at once.
        if self._began is None or (step.ends_epoch and step.epoch != self._epoch):
            self._began = (share, now_s)
        if not step.ends_epoch:
            self._epoch = step.epoch
        first, since_s = self._began
        return (now_s - since_s) / 60 * (1 - share) / (share - first) if share > first else None
