"""Paired bootstrap over texts (Koehn 2004): how far a difference in F1 may be chance."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from techner.core.night import SetEvaluation

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Resampled:
    """Counts of one system: as observed (labels × tp, fp, fn) and in every resample (× the same)."""

    observed: Array
    resamples: Array


class Bootstrap:
    """Resamples texts once, with the same draws for every system, so that differences are paired."""

    def __init__(self, scored: SetEvaluation, *, resamples: int, seed: int) -> None:
        self.labels = scored.labels
        rows = {len(counts) for counts in scored.systems.values()}
        size = rows.pop() if rows else 0
        weights = (
            np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=resamples)
            if size
            else np.zeros((resamples, 0))
        )
        self.systems = {}
        for name, counted in scored.systems.items():
            counts = np.zeros((size, len(scored.labels), 3))
            for row, by_label in enumerate(counted):
                for label, triple in by_label.items():
                    counts[row, scored.labels.index(label)] = triple
            flat = counts.reshape(size, len(scored.labels) * 3)
            drawn = (weights @ flat).reshape(resamples, len(scored.labels), 3)
            self.systems[name] = Resampled(counts.sum(axis=0), drawn)

    def support(self, labels: tuple[str, ...]) -> int:
        """Gold spans of `labels`."""
        observed = next(iter(self.systems.values())).observed
        return int(observed[self._rows(labels)][:, [0, 2]].sum())

    def micro(self, system: str, labels: tuple[str, ...]) -> tuple[float | None, Array]:
        """F1 over `labels`, observed and resampled; None where there is neither gold nor prediction."""
        counts, rows = self.systems[system], self._rows(labels)
        observed, drawn = _f1(counts.observed[rows].sum(axis=0)), _f1(counts.resamples[:, rows].sum(axis=1))
        return (None if np.isnan(observed) else float(observed)), drawn

    def macro(self, system: str, labels: tuple[str, ...]) -> tuple[float | None, Array]:
        """Mean F1 of those of `labels` that have gold spans."""
        supported = tuple(label for label in labels if self.support((label,)))
        if not supported:
            return None, np.full(0, np.nan)
        counts, rows = self.systems[system], self._rows(supported)
        return float(np.nan_to_num(_f1(counts.observed[rows])).mean()), np.nan_to_num(
            _f1(counts.resamples[:, rows])
        ).mean(axis=1)

    def _rows(self, labels: tuple[str, ...]) -> list[int]:
        return [self.labels.index(label) for label in labels]


def interval(differences: Array, confidence: float) -> tuple[float, float] | None:
    """Percentile interval, two-sided; None where no resample has a value."""
    values = differences[~np.isnan(differences)]
    if not values.size:
        return None
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _f1(counts: Array) -> Array:
    tp, errors = counts[..., 0], counts[..., 1] + counts[..., 2]
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * tp / (2 * tp + errors))
