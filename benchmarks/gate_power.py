"""How often the gate is right: real predictions, resampled by text, with losses planted in them.

    python benchmarks/gate_power.py [--shared ../shared] [--trials 200] [--label-margin 0.01]

The old domain is conll2003 dev and test, the new one stackoverflow dev and test. Candidates are two seeds of
`extend`, trained once and kept in .techner/gate_power. "Caught" is what was not promoted.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.gate_material import Material, Predicted, material
from techner.core.examples import Example, Span
from techner.core.night import Evaluation, SetEvaluation, Speed
from techner.core.policy import TECH_LABELS, GatePolicy
from techner.core.scores import Counts, count, total
from techner.core.verdict import Outcome
from techner.evaluation.evaluate import Answers, FrozenSets, evaluate
from techner.evaluation.gate import judge

ROOT = Path(__file__).parents[1]
SIZES = (6703, 3350, 1500, 630, 300)
HOLDOUT_TEXTS = 690  # about 300 gold spans, as a real store has after some nights
DRIFT_NIGHTS, DRIFT_LOSS, DRIFT_REPEATS = 60, 0.001, 10
SPEED = Speed(words=1, candidate=1.0, origin=1.0)
Draw = Callable[[random.Random, int], list[int]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A candidate with what it is compared with, on all texts there are."""

    name: str
    whole: Evaluation

    def sample(self, draw: random.Random, texts: int) -> Evaluation:
        """Draw a regression set of so many texts, and a holdout."""
        return replace(
            self.whole,
            regression=_picked(self.whole.regression, draw, texts),
            holdout=_picked(self.whole.holdout, draw, HOLDOUT_TEXTS),
        )


def _picked(part: SetEvaluation, draw: random.Random, texts: int) -> SetEvaluation:
    size = len(part.kept["origin"])
    chosen = draw.choices(range(size), k=texts)
    return replace(
        part,
        systems={name: tuple(rows[place] for place in chosen) for name, rows in part.systems.items()},
        kept={name: tuple(rows[place] for place in chosen) for name, rows in part.kept.items()},
    )


def cases(data: Material) -> Iterable[Case]:
    """Yield models that should pass, then those with a planted loss."""
    origin, first, second = (data.found[name] for name in ("origin", "seed-0", "seed-1"))
    labels = sorted({span.label for example in data.old for span in example.spans})

    def case(name: str, candidate: Predicted, production: tuple[Predicted, Predicted]) -> Case:
        return Case(name=name, whole=_evaluated(data, (candidate, second[1]), production, origin))

    yield case("unchanged", origin[0], origin)
    yield case("first night", second[0], origin)
    yield case("re-seeded", second[0], first)
    spoilt = _without(data.old, origin[0], dict.fromkeys(labels, 0.01))
    yield case("1 pt macro lost", spoilt, origin)
    for label in labels:
        spoilt = _without(data.old, origin[0], {label: 0.05})
        yield case(f"5 pt of {label} lost", spoilt, origin)
    swapped = _swapped(data.old, origin[0], 0.02)
    yield case("2 % lost, as many gained", swapped, origin)


def _evaluated(
    data: Material,
    candidate: tuple[Predicted, Predicted],
    production: tuple[Predicted, Predicted],
    origin: tuple[Predicted, Predicted],
) -> Evaluation:
    systems = {"candidate": candidate, "production": production, "origin": origin}
    new = frozenset(TECH_LABELS)
    sets = FrozenSets(
        regression=data.old,
        holdout=data.new,
        pretrained=frozenset(span.label for example in data.old for span in example.spans),
        new=new,
        production_labels=tuple(sorted(new)) if production is not origin else (),
    )
    answers = {name: Answers(regression=old, holdout=found) for name, (old, found) in systems.items()}
    return evaluate(sets, answers, size_bytes={"candidate": 1, "origin": 1})


def _without(gold: Sequence[Example], found: Predicted, losses: Mapping[str, float]) -> Predicted:
    """Take right spans away until each label's F1 has fallen by its loss."""
    draw = random.Random(1)  # noqa: S311 - reproducible on purpose
    gone: set[tuple[int, Span]] = set()
    for label, loss in losses.items():
        rows = [count(eg.spans, spans, frozenset({label})) for eg, spans in zip(gold, found, strict=True)]
        counts = total(rows)[label]
        right = [
            (place, span)
            for place, eg in enumerate(gold)
            for span in sorted(set(eg.spans) & set(found[place]))
            if span.label == label
        ]
        draw.shuffle(right)
        gone.update(right[: spans_for(counts, loss)])
    return tuple(tuple(s for s in spans if (place, s) not in gone) for place, spans in enumerate(found))


def spans_for(counts: Counts, loss: float) -> int:
    """How many right spans must be missed for this loss of F1: 2 tp / (2 tp + fp + fn) falls by `loss`."""
    target = (counts.f1 or 0.0) - loss
    missed = 0
    while (Counts(counts.tp - missed, counts.fp, counts.fn + missed).f1 or 0.0) > target:
        missed += 1
    return missed


def _swapped(gold: Sequence[Example], found: Predicted, share: float) -> Predicted:
    """Lose a share of the gold spans that were right, and find as many that were missed."""
    draw = random.Random(2)  # noqa: S311
    right = [(p, s) for p, eg in enumerate(gold) for s in eg.spans if s in found[p]]
    missed = [(p, s) for p, eg in enumerate(gold) for s in eg.spans if s not in found[p]]
    number = min(round(share * (len(right) + len(missed))), len(missed))
    lost, gained = set(draw.sample(right, number)), draw.sample(missed, number)
    more: dict[int, list[Span]] = {}
    for place, span in gained:
        more.setdefault(place, []).append(span)
    return tuple(
        tuple(s for s in [*spans, *more.get(p, [])] if (p, s) not in lost) for p, spans in enumerate(found)
    )


def power(case: Case, policy: GatePolicy, *, texts: int, trials: int) -> None:
    """Print how the gate ends on many sets of one size."""
    draw = random.Random(texts)  # noqa: S311
    outcomes: Counter[Outcome] = Counter()
    failed: Counter[str] = Counter()
    gold, flips, near = 0, 0.0, 0.0
    for _ in range(trials):
        verdict = judge(case.sample(draw, texts), policy, SPEED).verdict
        outcomes[verdict.outcome] += 1
        checks = {(check.name, check.against): check for check in verdict.checks}
        micro = checks["pretrained micro F1", "origin"]
        gold += micro.support
        flips += checks["negative flips", "origin"].candidate or 0.0
        near += (micro.observed or 0.0) - (micro.low or 0.0)
        failed.update(check.name for check in verdict.checks if check.decisive and check.state != "passed")
    shares = [
        f"{100 * outcomes[outcome] / trials:5.1f}"
        for outcome in (Outcome.PROMOTE, Outcome.ASK, Outcome.REJECT)
    ]
    why = ", ".join(f"{name} {100 * number // trials}" for name, number in failed.most_common(3))
    print(f"| {case.name:25} | {gold // trials:6} | {' | '.join(shares)} | {100 * flips / trials:5.2f} "
          f"| {100 * near / trials:5.2f} | {why} |", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--label-margin", type=float, default=GatePolicy().label_margin)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    wanted = parser.parse_args()
    policy = GatePolicy(resamples=wanted.resamples, label_margin=wanted.label_margin)
    data = material(wanted.shared, ROOT / ".techner" / "gate_power")
    print("| case | gold | promoted % | asked % | rejected % | flips % | to the bound, pt | not passed, % |")
    print("|---|---|---|---|---|---|---|---|")
    for case in cases(data):
        for texts in wanted.sizes:
            power(case, policy, texts=texts, trials=wanted.trials)


if __name__ == "__main__":
    main()
