"""Checks of the pretrained labels, on the regression set."""

from collections.abc import Iterator

from techner.core.policy import GatePolicy
from techner.core.verdict import Against, Check
from techner.evaluation.bootstrap import Bootstrap
from techner.evaluation.intervals import Strictness, holm, p_value
from techner.evaluation.rules import (
    FAILED,
    INSUFFICIENT,
    PASSED,
    Limits,
    bounded,
    compare,
    compare_macro,
    non_inferior,
)

LabelGroup = tuple[str, tuple[str, ...]]
"""What a check is called, and the labels that it pools."""


def pretrained_checks(
    sets: Bootstrap, against: Against, policy: GatePolicy, strict: Strictness
) -> Iterator[Check]:
    """Ask that nothing `against` knew got worse: not much together, not a lot anywhere, not span by span."""
    labels = sets.labels
    if not labels:  # a base model without entities has none to forget
        return
    micro, macro = compare(sets, labels, against), compare_macro(sets, macro_groups(sets, policy), against)
    yield non_inferior(micro, "pretrained micro F1", policy.micro_margin, policy, strict=strict)
    note = (
        f"; labels under {policy.label_support} gold spans count as one" if rare_labels(sets, policy) else ""
    )
    yield non_inferior(macro, "pretrained macro F1", policy.macro_margin, policy, strict=strict, note=note)
    if against is Against.ORIGIN:
        yield from _label_checks(sets, against, policy)
    for name, group in _groups(sets, policy):
        if sets.support(group) >= policy.drop_support:
            found = compare(sets, group, against)
            yield non_inferior(found, f"{name}, drop", policy.label_drop, policy, strict=strict)
    yield bounded(
        "negative flips",
        sets.flipped(against),
        against=against,
        rule=f"at most {policy.flip_cap:.3f} of the gold spans were right and are wrong",
        support=sets.support(labels),
        limits=Limits(cap=policy.flip_cap),
        policy=policy,
    )


def rare_labels(sets: Bootstrap, policy: GatePolicy) -> tuple[str, ...]:
    return tuple(label for label in sets.labels if sets.support((label,)) < policy.label_support)


def _groups(sets: Bootstrap, policy: GatePolicy) -> list[LabelGroup]:
    """Name each label that is judged by itself, and the pool of the others if it can be measured."""
    rare = rare_labels(sets, policy)
    groups: list[LabelGroup] = [(label, (label,)) for label in sets.labels if label not in rare]
    if sets.support(rare) >= policy.min_support:
        groups.append((f"{len(rare)} rare labels pooled", rare))
    return groups


def macro_groups(sets: Bootstrap, policy: GatePolicy) -> list[tuple[str, ...]]:
    """Return what macro F1 is the mean of: labels with enough gold, and the others as one if that is enough.

    A label of nine spans would weigh as much as one of a thousand, and one flip would be a loss of a point.
    """
    groups = [group for _, group in _groups(sets, policy) if sets.support(group) >= policy.label_support]
    return groups or [sets.labels]


def _label_checks(sets: Bootstrap, against: Against, policy: GatePolicy) -> Iterator[Check]:
    """No label is significantly worse, all tested together; those with few gold spans only as a pool."""
    groups = _groups(sets, policy)
    found = [compare(sets, group, against) for _, group in groups]
    p_values = [p_value(one.change, policy.label_margin, one.support) for one in found]
    fallen = holm(p_values, 1 - policy.confidence)
    for (name, _), one, p, worse in zip(groups, found, p_values, fallen, strict=True):
        yield one.check(
            name,
            rule=f"no significant loss over {policy.label_margin:.3f} (p {p:.4f}, Holm)",
            margin=policy.label_margin,
            state=FAILED if worse else PASSED,
            interval=one.change.interval(policy.confidence),
        )
    rare = rare_labels(sets, policy)
    pooled = sets.support(rare) >= policy.min_support
    for label in rare:
        alone = compare(sets, (label,), against)
        yield alone.check(
            label,
            rule=f"too few gold spans: judged {'within the pool' if pooled else 'by micro F1 alone'}",
            margin=None,
            state=INSUFFICIENT,
            interval=alone.change.interval(policy.confidence),
            decisive=False,
        )
