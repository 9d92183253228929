"""How much replay: what more or less of it does to the old labels and to the new ones.

The law is log-linear: each doubling of an amount changes a score by as much. Forgetting falls with the share
p of old text as a power of 1 + Bp (Béthune et al. 2025, arXiv 2502.06042); over the few doublings that one
can try this is nearly a line in log p, and a line needs only a few trainings and has exact intervals.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import hypot, log2
from statistics import NormalDist, mean

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from techner.core.policy import GatePolicy
from techner.core.run_documents import Corpus, Evaluation, SetEvaluation
from techner.evaluation.answers import CANDIDATE, ORIGIN
from techner.evaluation.bootstrap import Bootstrap, Measured
from techner.evaluation.power import PER_CHANGE

LEAST_FREE = 2
"""Least degrees of freedom: observations beyond the coefficients of the law."""
Array = npt.NDArray[np.float64]


class Source(StrEnum):
    """What is replayed."""

    REHEARSAL = "rehearsal texts"
    MEMORY = "examples of the replay memory"


Amounts = Mapping[Source, int]


@dataclass(frozen=True, kw_only=True)
class Score:
    """A figure in F1, from 0 to 1, and its standard error: another set of this size would differ so much."""

    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class ReplayedNight:
    """What one candidate replayed, and what became of the labels."""

    amounts: Amounts
    new: int
    """New examples."""
    old_loss: Score
    """Micro F1 on the pretrained labels that was lost since the origin; negative: gained."""
    new_f1: Score | None
    """Micro F1 on the new labels; None if nothing measures them."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    value: float
    low: float
    high: float


def replayed_in(corpus: Corpus) -> dict[Source, int]:
    return {Source.REHEARSAL: corpus.counts["rehearsal"], Source.MEMORY: corpus.counts["replayed"]}


def replayed_night(evaluation: Evaluation, corpus: Corpus, policy: GatePolicy) -> ReplayedNight | None:
    """Read off an evaluation what was lost and learnt; None if no gold scores the pretrained labels."""
    old, fresh = (
        Bootstrap(scored, resamples=policy.resamples, seed=policy.seed)
        for scored in (evaluation.regression, evaluation.holdout)
    )
    labels = evaluation.regression.labels
    lost = old.micro(ORIGIN, labels).minus(old.micro(CANDIDATE, labels))
    old_loss = _score(lost, evaluation.regression)
    if old_loss is None:
        return None
    learnt = fresh.micro(CANDIDATE, evaluation.holdout.labels)
    return ReplayedNight(
        amounts=replayed_in(corpus),
        new=corpus.counts["new"],
        old_loss=old_loss,
        new_f1=_score(learnt, evaluation.holdout),
    )


def _score(figure: Measured, scored: SetEvaluation) -> Score | None:
    rows = next(iter(scored.systems.values()), ())
    gold = sum(tp + fn for row in rows for tp, _, fn in row.values())
    if figure.observed is None or not gold:
        return None
    # If nothing changed at all, one changed span is the best guess.
    return Score(value=figure.observed, error=max(figure.standard_error, PER_CHANGE / gold))


def varied(nights: Sequence[ReplayedNight]) -> tuple[Source, ...]:
    """Return the sources of which some night replayed at least twice as much as another."""

    def is_varied(source: Source) -> bool:
        amounts = [1 + night.amounts[source] for night in nights]
        return max(amounts, default=0) >= 2 * min(amounts, default=1)

    return tuple(filter(is_varied, Source))


@dataclass(frozen=True, kw_only=True)
class Law:
    """score = a + Σ b · log2(1 + amount), fitted by least squares.

    `coefficients` are a and one b per source, `covariance` theirs, shape (1 + sources, 1 + sources).
    """

    sources: tuple[Source, ...]
    coefficients: Array
    covariance: Array
    free: int
    """Degrees of freedom."""
    set_error: float
    """Standard error of the sets that measured the score: all nights share it."""
    scatter: float
    """Standard deviation of single nights about the law."""
    confidence: float

    def at(self, amounts: Amounts) -> Estimate:
        """Return the score to expect, on other text of the same kind as the set's; interval for the mean."""
        row = np.array([1.0, *(log2(1 + amounts[source]) for source in self.sources)])
        return self._estimate(row, self.set_error)

    def doubling(self, source: Source) -> Estimate:
        """Return by how much the score changes where there is twice as much of a source."""
        row = np.array([0.0, *(float(other is source) for other in self.sources)])
        return self._estimate(row, 0.0)

    def _estimate(self, row: Array, set_error: float) -> Estimate:
        share = (1 + self.confidence) / 2
        of_fit = float(stdtrit(self.free, share)) * float(np.sqrt(row @ self.covariance @ row))
        reach = hypot(of_fit, NormalDist().inv_cdf(share) * set_error)
        value = float(row @ self.coefficients)
        return Estimate(value=value, low=value - reach, high=value + reach)


def fit(
    nights: Sequence[ReplayedNight], score: Callable[[ReplayedNight], Score | None], *, confidence: float
) -> Law | None:
    """Fit a score to what was replayed; None if the nights are too few or too much alike for an answer."""
    sources = varied(nights)
    known = [(night, found) for night in nights if (found := score(night))]
    free = len(known) - 1 - len(sources)
    if not sources or free < LEAST_FREE:
        return None
    rows = np.array([[1.0, *(log2(1 + night.amounts[source]) for source in sources)] for night, _ in known])
    values = np.array([found.value for _, found in known])
    coefficients, _, rank, _ = np.linalg.lstsq(rows, values, rcond=None)
    if rank < len(sources) + 1:  # the amounts changed together: which of them did it cannot be told
        return None
    variance = float(((values - rows @ coefficients) ** 2).sum()) / free
    return Law(
        sources=sources,
        coefficients=coefficients,
        covariance=variance * np.linalg.inv(rows.T @ rows),
        free=free,
        set_error=mean(found.error for _, found in known),
        scatter=variance**0.5,
        confidence=confidence,
    )
