"""Paired bootstrap over texts (Koehn 2004): how much of a difference may be chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from techner.core.run_documents import SetEvaluation

Array = npt.NDArray[np.float64]
DIGITS = 4  # rounded once: what is shown is what was decided on


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure as observed (None if undefined), and in every resample."""

    observed: float | None
    drawn: Array
    """Shape (resamples,); NaN if a resample leaves the figure undefined."""

    def bound(self, share: float) -> float | None:
        """Return the value below which this share of the resamples lies; None if no resample has a value."""
        values = self.drawn[~np.isnan(self.drawn)]
        return rounded(float(np.quantile(values, share))) if values.size else None

    def interval(self, confidence: float) -> tuple[float | None, float | None]:
        """Return the two-sided percentile interval."""
        return self.bound((1 - confidence) / 2), self.bound((1 + confidence) / 2)

    @property
    def standard_error(self) -> float:
        values = self.drawn[~np.isnan(self.drawn)]
        return float(values.std()) if values.size else float("nan")

    def minus(self, baseline: "Measured") -> "Measured":
        """Return the change from `baseline`; the observed one is of the two figures as they are shown."""
        known = self.observed is not None and baseline.observed is not None
        change = rounded(self.observed - baseline.observed) if known else None  # type: ignore[operator]
        return Measured(observed=change, drawn=self.drawn - baseline.drawn)


class Bootstrap:
    """Resamples texts once, with the same draws for every system, so that differences are paired.

    Per system, `_counts` has the shape (resamples + 1, labels, 3): tp, fp, fn, with the observed counts in
    row 0. `_kept` has the shape (resamples + 1, 2): spans worth keeping, and those that are kept.
    """

    def __init__(self, scored: SetEvaluation, *, resamples: int, seed: int) -> None:
        self.labels = scored.labels
        size = len(next(iter(scored.systems.values()), ()))
        weights = _weights(size, resamples, seed)
        place = {label: 3 * position for position, label in enumerate(scored.labels)}
        self._counts = {}
        for name, counted in scored.systems.items():
            rows = np.zeros((size, 3 * len(place)))
            for row, by_label in enumerate(counted):
                for label, triple in by_label.items():
                    rows[row, place[label] : place[label] + 3] = triple
            self._counts[name] = _resample(rows, weights).reshape(resamples + 1, len(place), 3)
        self._kept = {
            name: _resample(np.array(pairs, dtype=np.float64).reshape(size, 2), weights)
            for name, pairs in scored.kept.items()
        }

    def support(self, labels: tuple[str, ...]) -> int:
        """Return the number of gold spans of `labels`."""
        return int(self._gold(labels)[0])

    def micro(self, system: str, labels: tuple[str, ...]) -> Measured:
        """Return micro F1 over `labels`; undefined if there is neither gold nor prediction."""
        return _measured(_f1(self._counts[system][:, self._rows(labels)].sum(axis=1)))

    def macro(self, system: str, groups: Sequence[tuple[str, ...]]) -> Measured:
        """Return the mean micro F1 of groups of labels, each with gold spans; undefined without a group."""
        counts = self._counts[system]
        if not groups:
            return _measured(np.full(len(counts), np.nan))
        found = [_f1(counts[:, self._rows(group)].sum(axis=1)) for group in groups]
        return _measured(np.nan_to_num(np.array(found)).mean(axis=0))

    def flipped(self, system: str) -> Measured:
        """Return the share of all gold spans that `system` gets right and the candidate gets wrong."""
        kept = self._kept[system]
        return _measured(_ratio(kept[:, 0] - kept[:, 1], self._gold(self.labels)))

    def survival(self, system: str) -> tuple[Measured, int]:
        """Return the share of the spans worth keeping that the candidate finds too, and their number."""
        kept = self._kept[system]
        return _measured(_ratio(kept[:, 1], kept[:, 0])), int(kept[0, 0])

    def _gold(self, labels: tuple[str, ...]) -> Array:
        counts = next(iter(self._counts.values()))[:, self._rows(labels)]
        return np.asarray(counts[:, :, [0, 2]].sum(axis=(1, 2)))

    def _rows(self, labels: tuple[str, ...]) -> list[int]:
        return [self.labels.index(label) for label in labels]


def rounded(value: float) -> float:
    return round(value, DIGITS)


@lru_cache(maxsize=4)
def _weights(size: int, resamples: int, seed: int) -> Array:
    """Return how often each text is in each resample; shape (resamples, size)."""
    if not size:
        return np.zeros((resamples, 0))
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=resamples)
    return drawn.astype(np.float64)


def _resample(rows: Array, weights: Array) -> Array:
    """Return the sums as observed, then in every resample.

    `rows` has the shape (size, n), `weights` (resamples, size), the result (resamples + 1, n).
    """
    return np.vstack([rows.sum(axis=0), weights @ rows])


def _measured(values: Array) -> Measured:
    return Measured(observed=None if np.isnan(values[0]) else rounded(float(values[0])), drawn=values[1:])


def _f1(counts: Array) -> Array:
    tp, errors = counts[..., 0], counts[..., 1] + counts[..., 2]
    return _ratio(2 * tp, 2 * tp + errors)


def _ratio(part: Array, whole: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
