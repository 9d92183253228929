"""The gate: evaluation × policy → verdict. Pure: the same counts and policy give the same verdict."""

from collections.abc import Iterator
from dataclasses import replace

from techner.core.manifest import LabelScore, Part
from techner.core.policy import GatePolicy
from techner.core.run_documents import Evaluation, Judged, Speed
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.evaluation.answers import CANDIDATE, ORIGIN, PRODUCTION
from techner.evaluation.bootstrap import Bootstrap
from techner.evaluation.holdout_checks import domain_checks
from techner.evaluation.intervals import strictness
from techner.evaluation.pretrained_checks import pretrained_checks
from techner.evaluation.rules import FAILED, INSUFFICIENT, PASSED
from techner.evaluation.unscored_checks import unscored_checks


def apply_gate(
    evaluation: Evaluation, policy: GatePolicy, speed: Speed | None, *, not_promoted: int = 0
) -> Judged:
    """Compare the candidate with origin and production, check by check; without a speed, the gate asks.

    Non-inferiority by a paired bootstrap over texts (ADR 7). `not_promoted` is how many earlier candidates
    the gate did not promote: each costs a part of the error (ADR 28). Pure: no clock, no I/O.
    """
    old = Bootstrap(evaluation.regression, resamples=policy.resamples, seed=policy.seed)
    new = Bootstrap(evaluation.holdout, resamples=policy.resamples, seed=policy.seed)
    systems, kept = evaluation.regression.systems, evaluation.regression.kept
    # If production answers as the origin does, as on a first night, one comparison is enough.
    is_same = systems[PRODUCTION] == systems[ORIGIN] and kept.get(PRODUCTION) == kept.get(ORIGIN)
    baselines = {Against.ORIGIN: strictness(policy, not_promoted)}
    if not is_same:
        baselines[Against.PRODUCTION] = strictness(policy, None)
    checks = [
        *(
            check
            for against, strict in baselines.items()
            for check in pretrained_checks(old, against, policy, strict)
        ),
        *unscored_checks(old, evaluation, policy),
        *domain_checks(new, evaluation.production_labels, policy),
        *_lost_labels(evaluation.lost_labels),
        *_budget_checks(evaluation, policy, speed),
    ]
    scores = [_label_score(old, label, ORIGIN, policy) for label in old.labels]
    scores += [_label_score(new, label, PRODUCTION, policy) for label in new.labels]
    return Judged(verdict=Verdict(checks=tuple(checks)), scores=tuple(scores))


def _lost_labels(lost: tuple[str, ...]) -> Iterator[Check]:
    """Fail a candidate that lacks a label of production, whether or not a set has a span of it."""
    if lost:
        rule = f"no label of production is lost unless it was retired: {', '.join(lost)}"
        yield replace(
            _budget("labels", rule=rule, ratio=None, margin=0.0, state=FAILED), against=Against.PRODUCTION
        )


def _budget_checks(evaluation: Evaluation, policy: GatePolicy, speed: Speed | None) -> Iterator[Check]:
    size = evaluation.size_bytes
    ratio = round(size[CANDIDATE] / size[ORIGIN], 2) if size.get(ORIGIN) and CANDIDATE in size else None
    yield _budget(
        "size",
        rule=f"at most {policy.size_cap:.2f} times the origin's bytes",
        ratio=ratio,
        margin=policy.size_cap,
        state=INSUFFICIENT if ratio is None else PASSED if ratio <= policy.size_cap else FAILED,
    )
    # The ratio itself is in the run's speed.json: it would make a manifest differ from run to run.
    fast = speed is not None and speed.ratio >= policy.speed_floor
    yield _budget(
        "speed",
        rule=f"at least {policy.speed_floor:.2f} of the origin's words per second",
        ratio=None,
        margin=policy.speed_floor,
        state=INSUFFICIENT if speed is None else PASSED if fast else FAILED,
    )


def _budget(name: str, *, rule: str, ratio: float | None, margin: float, state: CheckState) -> Check:
    return Check(
        name=name,
        against=Against.ORIGIN,
        rule=rule,
        baseline=None,
        candidate=ratio,
        low=None,
        high=None,
        margin=margin,
        support=0,
        state=state,
    )


def _label_score(sets: Bootstrap, label: str, baseline: str, policy: GatePolicy) -> LabelScore:
    f1 = {system: sets.micro(system, (label,)) for system in (ORIGIN, PRODUCTION, CANDIDATE)}
    low, high = f1[CANDIDATE].minus(f1[baseline]).interval(policy.confidence)
    return LabelScore(
        label=label,
        part=Part.PRETRAINED if baseline == ORIGIN else Part.NEW,
        support=sets.support((label,)),
        origin=f1[ORIGIN].observed,
        production=f1[PRODUCTION].observed,
        candidate=f1[CANDIDATE].observed,
        low=low,
        high=high,
    )
