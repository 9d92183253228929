"""How often the gate would have rejected, or asked about, real harmless nights by chance.

    python benchmarks/gate_real.py [--home .techner/real] [--trials 100]

Reads what the nights of `benchmarks/real.py` measured, draws texts of both sets with replacement, and judges
at default margins. Each line is one night: 18 labels, half of them rare, silver, so that the origin scores
1.0 by construction. In the second part, each tenth span that the candidate kept is lost, of ORG or of all.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import ROOT
from benchmarks.gate_power import SPEED, picked
from techner.core.policy import GatePolicy
from techner.core.run_documents import Evaluation, SetEvaluation
from techner.core.verdict import Outcome
from techner.evaluation.gate import apply_gate
from techner.runs.run import Run
from techner.store import FolderStore

LOST = 0.1


def evaluations(home: Path) -> Iterator[tuple[str, Evaluation]]:
    for folder in sorted(home.glob("extend-*/store")):
        store = FolderStore(folder)
        names = sorted(entry.key.split("/")[1] for entry in store.list("runs/") if "/evaluation" in entry.key)
        for name in names:
            run = Run(store=store, id=name, cache=folder.parent / "cache")
            yield f"{folder.parent.name.removeprefix('extend-')} {name}", run.read(Evaluation)


def spoilt(whole: Evaluation, labels: frozenset[str]) -> Evaluation:
    """Lose a tenth of the candidate's right spans of these labels."""
    draw = random.Random(1)  # noqa: S311 - reproducible on purpose
    part = whole.regression
    after = []
    for row in part.systems["candidate"]:
        lost = {
            label: sum(draw.random() < LOST for _ in range(tp)) if label in labels else 0
            for label, (tp, _, _) in row.items()
        }
        after.append({lb: (tp - lost[lb], fp, fn + lost[lb]) for lb, (tp, fp, fn) in row.items()})
    return replace(whole, regression=replace(part, systems={**part.systems, "candidate": tuple(after)}))


def rates(whole: Evaluation, trials: int) -> str:
    """Return promoted / asked / rejected in per cent, and what decided most often."""
    draw, outcomes, reasons = random.Random(0), Counter[Outcome](), Counter[str]()  # noqa: S311
    for _ in range(trials):
        drawn = replace(
            whole,
            regression=_drawn(whole.regression, draw),
            holdout=_drawn(whole.holdout, draw),
        )
        verdict = apply_gate(drawn, GatePolicy(resamples=300), SPEED).verdict
        outcomes[verdict.outcome] += 1
        if verdict.outcome is not Outcome.PROMOTE:
            reasons[verdict.reason] += 1
    shares = (100 * outcomes[one] / trials for one in (Outcome.PROMOTE, Outcome.ASK, Outcome.REJECT))
    often = "".join(f"{reason.split(',')[0]}, …" for reason, _ in reasons.most_common(1))
    return f"{' / '.join(f'{share:.0f}' for share in shares)} | {often}"


def _drawn(part: SetEvaluation, draw: random.Random) -> SetEvaluation:
    return picked(part, draw, len(part.kept["origin"]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=ROOT / ".techner" / "real")
    parser.add_argument("--trials", type=int, default=100)
    asked = parser.parse_args()
    print("| night | promoted / asked / rejected, % | most often |\n|---|---|---|")
    for name, whole in evaluations(asked.home):
        print(f"| {name} | {rates(whole, asked.trials)} |", flush=True)
        for what, labels in (("ORG", frozenset({"ORG"})), ("all labels", frozenset(whole.regression.labels))):
            found = rates(spoilt(whole, labels), max(asked.trials // 10, 1))
            print(f"| {name}, a tenth of {what} lost | {found} |", flush=True)


if __name__ == "__main__":
    main()
