"""How often the gate is right: real predictions, resampled by text, with planted losses.

    python benchmarks/gate_power.py [--shared ../shared] [--trials 200] [--label-margin 0.01]

The old domain is conll2003 dev and test, the new one stackoverflow dev and test. Candidates are two seeds of
`extend`, trained once and kept in .techner/gate_power. A case is "caught" if it is not promoted.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.gate_material import Material, Predicted, material
from benchmarks.gate_planted import swapped, without
from techner.core.policy import TECH_LABELS, GatePolicy
from techner.core.run_documents import Evaluation, SetEvaluation, Speed
from techner.core.scores import Counts, micro, total
from techner.core.verdict import Against, Outcome
from techner.evaluation.answers import Answers, FrozenSets, count_answers
from techner.evaluation.gate import apply_gate

ROOT = Path(__file__).parents[1]
SIZES = (6703, 1500, 630, 300)
DRIFT_SIZES = (6703, 1500)
HOLDOUT_TEXTS = 690  # about 300 gold spans, as a real store has after some nights
DRIFT_NIGHTS, DRIFT_LOSS, DRIFT_REPEATS = 60, 0.001, 10
SPEED = Speed(words=1, candidate=1.0, origin=1.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A candidate with what it is compared with, on all texts."""

    name: str
    whole: Evaluation

    def sample(self, draw: random.Random, texts: int) -> Evaluation:
        """Draw a regression set of this many texts, and a holdout."""
        return replace(
            self.whole,
            regression=picked(self.whole.regression, draw, texts),
            holdout=picked(self.whole.holdout, draw, HOLDOUT_TEXTS),
        )


def picked(part: SetEvaluation, draw: random.Random, texts: int) -> SetEvaluation:
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
    spoilt = without(data.old, origin[0], dict.fromkeys(labels, 0.01))
    yield case("1 pt macro lost", spoilt, origin)
    yield case("1 pt macro lost, all MISC", without(data.old, origin[0], {"MISC": 0.04}), origin)
    for label in ("MISC", "PERSON"):  # the fewest gold spans and the most
        spoilt = without(data.old, origin[0], {label: 0.05})
        yield case(f"5 pt of {label} lost", spoilt, origin)
    yield case("2 % lost, as many gained", swapped(data.old, origin[0], 0.02), origin)


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
        known=new,
        production_labels=tuple(sorted(new)) if production is not origin else (),
    )
    answers = {name: Answers(regression=old, holdout=found) for name, (old, found) in systems.items()}
    return count_answers(sets, answers, size_bytes={"candidate": 1, "origin": 1})


def power(case: Case, policy: GatePolicy, *, texts: int, trials: int) -> None:
    """Print how often the gate promotes, asks and rejects on sets of one size."""
    draw = random.Random(texts)  # noqa: S311
    outcomes: Counter[Outcome] = Counter()
    failed: Counter[str] = Counter()
    gold, flips, near = 0, 0.0, 0.0
    for _ in range(trials):
        verdict = apply_gate(case.sample(draw, texts), policy, SPEED).verdict
        outcomes[verdict.outcome] += 1
        checks = {(check.name, check.against): check for check in verdict.checks}
        micro = checks["pretrained micro F1", Against.ORIGIN]
        gold += micro.support
        flips += checks["negative flips", Against.ORIGIN].candidate or 0.0
        near += (micro.observed or 0.0) - (micro.low or 0.0)
        failed.update(check.name for check in verdict.checks if check.decisive and check.state != "passed")
    shares = [
        f"{100 * outcomes[outcome] / trials:5.1f}"
        for outcome in (Outcome.PROMOTE, Outcome.ASK, Outcome.REJECT)
    ]
    why = ", ".join(f"{name} {100 * number // trials}" for name, number in failed.most_common(3))
    print(f"| {case.name:25} | {gold // trials:6} | {' | '.join(shares)} | {100 * flips / trials:5.2f} "
          f"| {100 * near / trials:5.2f} | {why} |", flush=True)  # fmt: skip


def drift(whole: Evaluation, policy: GatePolicy, *, texts: int) -> None:
    """Print where sixty nights end if each true loss is small and production is the last promoted model."""
    ends = []
    for repeat in range(DRIFT_REPEATS):
        draw = random.Random(1000 * texts + repeat)  # noqa: S311
        sample = replace(
            whole,
            regression=picked(whole.regression, draw, texts),
            holdout=picked(whole.holdout, draw, HOLDOUT_TEXTS),
        )
        promoted = 0
        for _ in range(DRIFT_NIGHTS):
            night = replace(sample, regression=_slightly_worse(sample.regression, draw))
            if apply_gate(night, policy, SPEED).verdict.outcome is Outcome.PROMOTE:
                promoted, sample = promoted + 1, night
        ends.append(-100 * DRIFT_LOSS * promoted)
    mean = sum(ends) / len(ends)
    print(f"| {texts} texts | {mean:.2f} pt | {min(ends):.2f} pt |", flush=True)


def _slightly_worse(part: SetEvaluation, draw: random.Random) -> SetEvaluation:
    """Return last night's candidate as production, and a candidate that lost a little more by chance."""
    before = part.systems["candidate"]
    sums = micro(total({label: Counts(*c) for label, c in row.items()} for row in before))
    # One right span that is missed costs (2 - F1) / (predicted + gold).
    chance = DRIFT_LOSS * (2 * sums.tp + sums.fp + sums.fn) / (2 - (sums.f1 or 0.0)) / sums.tp
    after = tuple(
        {
            label: (tp - (lost := sum(draw.random() < chance for _ in range(tp))), fp, fn + lost)
            for label, (tp, fp, fn) in row.items()
        }
        for row in before
    )

    def right(row: Mapping[str, tuple[int, int, int]]) -> int:
        return sum(tp for tp, _, _ in row.values())

    kept = {
        name: tuple((right(then), right(now)) for then, now in zip(rows, after, strict=True))
        for name, rows in {"origin": part.systems["origin"], "production": before}.items()
    }
    systems = {"origin": part.systems["origin"], "production": before, "candidate": after}
    return replace(part, systems=systems, kept=kept)


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
    unchanged = next(iter(cases(data))).whole
    verdict = apply_gate(unchanged, policy, SPEED).verdict
    survival = next(check for check in verdict.checks if check.name == "survival")
    print(f"\nsurvival of seed-1: {survival.candidate} of {survival.support} spans")
    print(
        f"\n{DRIFT_NIGHTS} nights, a true loss of {100 * DRIFT_LOSS:.1f} pt each; {DRIFT_REPEATS} repeats\n"
    )
    print("| regression set | true loss in the end, mean | worst |\n|---|---|---|")
    for texts in DRIFT_SIZES:
        drift(unchanged, policy, texts=texts)


if __name__ == "__main__":
    main()
