"""Evaluations made of counts, for the tests of the gate."""

from techner.core.policy import GatePolicy
from techner.core.run_documents import Evaluation, SetEvaluation, Speed
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.evaluation.gate import apply_gate

POLICY = GatePolicy(resamples=300)
SPEED = Speed(words=1000, candidate=19_000.0, origin=36_000.0)
RIGHT, MISSED = (1, 0, 0), (0, 0, 1)
Row = dict[str, tuple[int, int, int]]
LOST = Check(
    name="pretrained micro F1",
    against=Against.ORIGIN,
    rule="lost at most 0.005",
    baseline=0.8,
    candidate=0.7,
    low=-0.11,
    high=-0.09,
    margin=0.005,
    support=1000,
    state=CheckState.FAILED,
)
"""A check that failed."""


def rows(label: str, right: int, missed: int) -> tuple[Row, ...]:
    """Make texts of one gold span each."""
    return tuple({label: RIGHT} for _ in range(right)) + tuple({label: MISSED} for _ in range(missed))


ORIGIN = rows("PERSON", 4000, 1000)


def kept(before: tuple[Row, ...], after: tuple[Row, ...]) -> tuple[tuple[int, int], ...]:
    """Count what was right and still is, where each text has one gold span."""
    pairs = zip(before, after, strict=True)
    return tuple(
        (RIGHT in old.values(), RIGHT in old.values() and RIGHT in new.values()) for old, new in pairs
    )


def evaluation(
    *,
    origin: tuple[Row, ...] = ORIGIN,
    production: tuple[Row, ...] | None = None,
    candidate: tuple[Row, ...] | None = None,
    new_production: tuple[Row, ...] = rows("PROTOCOL", 0, 300),
    new_candidate: tuple[Row, ...] = rows("PROTOCOL", 200, 100),
    production_labels: tuple[str, ...] = (),
    survived: tuple[int, int] = (100, 95),
    candidate_bytes: int = 200,
) -> Evaluation:
    """Make counts; what is not given is as good as before."""
    candidate = origin if candidate is None else candidate
    production = origin if production is None else production
    labels = tuple(sorted({label for row in origin for label in row}))
    found, alive = survived
    away = tuple((int(place < found), int(place < alive)) for place in range(len(new_candidate)))
    return Evaluation(
        regression=SetEvaluation(
            labels=labels or ("PERSON",),
            systems={"origin": origin, "production": production, "candidate": candidate},
            kept={"origin": kept(origin, candidate), "production": kept(production, candidate)},
        ),
        holdout=SetEvaluation(
            labels=("PROTOCOL",),
            systems={
                "origin": rows("PROTOCOL", 0, len(new_candidate)),
                "production": new_production,
                "candidate": new_candidate,
            },
            kept={"origin": away, "production": away},
        ),
        production_labels=production_labels,
        lost_labels=(),
        size_bytes={"candidate": candidate_bytes, "origin": 100},
    )


def verdict(found: Evaluation, policy: GatePolicy = POLICY, speed: Speed | None = SPEED) -> Verdict:
    return apply_gate(found, policy, speed).verdict


def named(state: CheckState, found: Evaluation, policy: GatePolicy = POLICY) -> set[tuple[str, str]]:
    """Return the decisive checks that ended so: name and what they compare with."""
    checks = verdict(found, policy).checks
    return {(check.name, check.against) for check in checks if check.state is state and check.decisive}


def failed(found: Evaluation, policy: GatePolicy = POLICY) -> set[tuple[str, str]]:
    return named(CheckState.FAILED, found, policy)


def the_check(found: Evaluation, name: str, against: str = "origin", policy: GatePolicy = POLICY) -> Check:
    return next(c for c in verdict(found, policy).checks if (c.name, c.against) == (name, against))
