"""The label scheme of a night: the labels that may be used, and how older labels are read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from techner.core.errors import SettingsError
from techner.core.examples import Example
from techner.core.policy import Policies, SchemePolicy

ONTONOTES = (
    "CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE", "LAW", "LOC", "MONEY", "NORP", "ORDINAL", "ORG",
    "PERCENT", "PERSON", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
)  # fmt: skip
"""The labels of spaCy's English pipelines, assumed if it is unknown what production knows."""


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """What a delivery is read against."""

    labels: frozenset[str] | None
    """Today's labels, pretrained and new, without old names and retired labels. None allows any label."""
    moves: SchemePolicy = field(default_factory=SchemePolicy)
    unlearnt: frozenset[str] = frozenset()
    """Labels that may be used, but that tonight's strategy does not learn."""

    def fault(self, label: Any) -> str | None:
        """Say what is wrong with a delivered label; None if it, or its new name, is one of today's."""
        if isinstance(label, str) and label:
            if self.labels is None or label in self.labels or label in self.moves.renamed:
                return None
            if label in self.moves.retired:
                return f"{label!r} is retired: remove it, or take it out of the setting scheme.retired"
        return f"{str(label)[:40]!r} is not one of {', '.join(sorted(self.labels or ('the labels',)))}"

    def scope_fault(self, scope: Any) -> str | None:
        """Say what is wrong with a delivered scope; None if nothing is."""
        if not isinstance(scope, (list, tuple)) or not scope:
            return "a scope must be a list of one or more labels; leave it out if it is unknown"
        return next((fault for label in scope if (fault := self.fault(label))), None)


def label_scheme(pretrained: Iterable[str], policies: Policies) -> LabelScheme:
    """Make tonight's scheme; raises SettingsError if the settings contradict each other or the model."""
    pretrained, moves = frozenset(pretrained), policies.scheme
    for wrong in _contradictions(pretrained, policies):
        raise SettingsError(wrong)
    labels = pretrained.union(policies.quality.labels) - frozenset(moves.renamed) - frozenset(moves.retired)
    return LabelScheme(labels, moves)


def _contradictions(pretrained: frozenset[str], policies: Policies) -> Iterator[str]:
    retired, renamed = policies.scheme.retired, policies.scheme.renamed
    for label in retired:
        if label in pretrained:
            yield f"scheme.retired names {label!r}, but labels of the pretrained model stay: take it out"
        if label in renamed:
            yield f"{label!r} is in scheme.retired and in scheme.renamed: take it out of one of them"
    for old, new in renamed.items():
        move = f"scheme.renamed has {old!r} = {new!r}"
        if old in pretrained:
            yield f"{move}, but labels of the pretrained model keep their names: take it out"
        if new in pretrained:
            yield f"{move}, but no new label can become a label of the pretrained model: retire {old!r}"
        if new in renamed:
            yield f"{move}, which is itself renamed: give every old name today's name"
        if new in retired:
            yield f"{move}, which is retired: put {old!r} into scheme.retired instead"
        if new not in policies.quality.labels:
            yield f"{move}, which is not in quality.labels: add it there"


def scope_today(scope: Iterable[str], moves: SchemePolicy) -> tuple[str, ...]:
    """Return a scope under today's names, sorted, without what is retired."""
    return tuple(sorted({moves.renamed.get(label, label) for label in scope if label not in moves.retired}))


def example_today(example: Example, moves: SchemePolicy) -> Example:
    """Return an example under today's names, without the spans of what is retired."""
    spans = (span for span in example.spans if span.label not in moves.retired)
    return replace(
        example,
        spans=tuple(replace(span, label=moves.renamed.get(span.label, span.label)) for span in spans),
        scope=None if example.scope is None else scope_today(example.scope, moves),
    )
