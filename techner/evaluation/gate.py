"""The gate: evaluation × policy → verdict. Pure: the same counts and policy give the same verdict."""

from collections.abc import Iterator

from techner.core.manifest import LabelScore
from techner.core.night import Evaluation, Judged
from techner.core.policy import GatePolicy
from techner.core.verdict import Check, Verdict
from techner.evaluation.bootstrap import Array, Bootstrap, interval

ORIGIN, PRODUCTION, CANDIDATE, FLOOR = "origin", "production", "candidate", "floor"
DIGITS = 4  # rounded once: what is shown is what was decided on


def judge(evaluation: Evaluation, policy: GatePolicy) -> Judged:
    """Compare the candidate with origin and production, check by check."""
    old = Bootstrap(evaluation.regression, resamples=policy.resamples, seed=policy.seed)
    new = Bootstrap(evaluation.holdout, resamples=policy.resamples, seed=policy.seed)
    systems = evaluation.regression.systems
    # Where production answers as the origin does, as on a first night, one comparison says all.
    baselines = [ORIGIN] if systems[PRODUCTION] == systems[ORIGIN] else [ORIGIN, PRODUCTION]
    checks = [
        *(check for against in baselines for check in _pretrained_checks(old, against, policy)),
        *_new_checks(new, evaluation.production_labels, policy),
    ]
    scores = [_label_score(old, label, ORIGIN, policy) for label in old.labels]
    scores += [_label_score(new, label, PRODUCTION, policy) for label in new.labels]
    return Judged(verdict=Verdict(checks=tuple(checks)), scores=tuple(scores))


def _pretrained_checks(sets: Bootstrap, against: str, policy: GatePolicy) -> Iterator[Check]:
    """Non-inferior on micro and macro F1; no label shown to have lost more than its margin."""
    labels = sets.labels
    if not labels:  # a base model without entities has none to forget
        return
    yield _compare(sets, "pretrained micro F1", labels, against, policy, margin=policy.micro_margin)
    yield _compare(
        sets, "pretrained macro F1", labels, against, policy, margin=policy.macro_margin, macro=True
    )
    rare = tuple(label for label in labels if sets.support((label,)) < policy.label_support)
    groups: list[tuple[str, tuple[str, ...]]] = [(label, (label,)) for label in labels if label not in rare]
    if sets.support(rare) >= policy.min_support:  # with fewer, only micro and macro speak of them
        groups.append((f"{len(rare)} rare labels pooled", rare))
    for name, group in groups:
        yield _compare(sets, name, group, against, policy, margin=policy.label_margin, surely=True)
        if sets.support(group) >= policy.drop_support:
            yield _compare(sets, f"{name}, drop", group, against, policy, margin=policy.label_drop)


def _new_checks(sets: Bootstrap, production_labels: tuple[str, ...], policy: GatePolicy) -> Iterator[Check]:
    """Above a floor; and non-inferior to production on the labels that production knows."""
    f1, drawn = sets.micro(CANDIDATE, sets.labels)
    bounds = interval(drawn, policy.confidence)
    yield Check(
        name="new micro F1",
        against=FLOOR,
        rule=f"at least {policy.new_floor:.2f}",
        baseline=None,
        candidate=_round(f1),
        low=_round(bounds[0]) if bounds else None,
        high=_round(bounds[1]) if bounds else None,
        observed=_enough(_round(f1), sets.support(sets.labels), policy),
        required=policy.new_floor,
        support=sets.support(sets.labels),
    )
    known = tuple(label for label in sets.labels if label in production_labels)
    if known:
        yield _compare(sets, "new micro F1", known, PRODUCTION, policy, margin=policy.new_margin)


def _compare(
    sets: Bootstrap,
    name: str,
    labels: tuple[str, ...],
    against: str,
    policy: GatePolicy,
    *,
    margin: float,
    macro: bool = False,
    surely: bool = False,
) -> Check:
    """Compare F1 over `labels`: by the observed change, or (`surely`) by its interval's upper end."""
    measure = sets.macro if macro else sets.micro
    baseline, baseline_drawn = measure(against, labels)
    candidate, candidate_drawn = measure(CANDIDATE, labels)
    low, high = _change(candidate_drawn, baseline_drawn, policy.confidence)
    change = None if candidate is None or baseline is None else _round(candidate - baseline)
    return Check(
        name=name,
        against=against,
        rule=f"not surely worse by over {margin:.3f}" if surely else f"not worse by over {margin:.3f}",
        baseline=_round(baseline),
        candidate=_round(candidate),
        low=low,
        high=high,
        observed=_enough(high if surely else change, sets.support(labels), policy),
        required=-margin,
        support=sets.support(labels),
    )


def _label_score(sets: Bootstrap, label: str, baseline: str, policy: GatePolicy) -> LabelScore:
    f1 = {system: sets.micro(system, (label,)) for system in (ORIGIN, PRODUCTION, CANDIDATE)}
    low, high = _change(f1[CANDIDATE][1], f1[baseline][1], policy.confidence)
    return LabelScore(
        label=label,
        part="pretrained" if baseline == ORIGIN else "new",
        support=sets.support((label,)),
        origin=_round(f1[ORIGIN][0]),
        production=_round(f1[PRODUCTION][0]),
        candidate=_round(f1[CANDIDATE][0]),
        low=low,
        high=high,
    )


def _change(candidate: Array, baseline: Array, confidence: float) -> tuple[float | None, float | None]:
    bounds = interval(candidate - baseline, confidence)
    return (_round(bounds[0]), _round(bounds[1])) if bounds else (None, None)


def _enough(value: float | None, support: int, policy: GatePolicy) -> float | None:
    """Return None for what rests on too few gold spans: too little to pass, and too little to fail."""
    return value if support >= policy.min_support else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
