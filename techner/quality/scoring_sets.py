"""Requirements of the sets that score: their labels are known, and they hold the labels they score."""

from collections import Counter
from collections.abc import Iterable, Mapping

from techner.core.errors import BatchError
from techner.core.examples import Example
from techner.core.policy import Policies
from techner.core.scheme import LabelScheme, label_scheme, scope_today
from techner.quality.labels import meant_ones

_NAMED = 12


def require_pretrained(gold: Iterable[Example], pretrained: Iterable[str]) -> None:
    """Raise BatchError if gold examples use labels that the base model does not have."""
    known = frozenset(pretrained)
    foreign = {label: spans for label, spans in label_counts(gold).items() if label not in known}
    if not foreign:
        return
    if not known:
        raise BatchError(
            f"the base model has no `ner` and knows none of the labels of the reference set "
            f"({_listed(foreign)}); give rows with only `text`, or another base model"
        )
    raise BatchError(
        f"the reference set has labels that the base model does not have: {described(foreign, known)}. "
        f"It knows {', '.join(sorted(known))}: rename the labels, or leave out their spans and state "
        'in each row what is annotated, `"scope": [labels]`'
    )


def require_new(holdout: Iterable[Example], pretrained: Iterable[str], policies: Policies) -> None:
    """Raise BatchError if a holdout uses unknown labels, or scores no new label."""
    pretrained = frozenset(pretrained)
    scheme = label_scheme(pretrained, policies)
    counts = label_counts(holdout)
    known = scheme.labels or frozenset()
    foreign = {label: spans for label, spans in counts.items() if scheme.fault(label)}
    if foreign:
        raise BatchError(
            f"the holdout has labels that are neither pretrained nor in the setting quality.labels: "
            f"{described(foreign, known - pretrained, known)}. New labels are "
            f"{', '.join(sorted(known - pretrained)) or '(none)'}: rename them in the file, or add them to "
            "quality.labels"
        )
    spanned = {label for label, spans in counts.items() if spans}
    if not frozenset(scope_today(spanned, scheme.moves)) - pretrained:
        raise BatchError(
            f"the holdout has no span of a new label ({', '.join(sorted(known - pretrained)) or '(none)'}), "
            "and it scores only these; give annotated rows of the new domain, or leave out --holdout"
        )


def label_counts(examples: Iterable[Example]) -> dict[str, int]:
    """Return label → number of spans; 0 for a label that occurs only in a scope."""
    counts: Counter[str] = Counter()
    for example in examples:
        counts.update(dict.fromkeys(example.scope or (), 0))
        counts.update(span.label for span in example.spans)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _listed(counts: Mapping[str, int]) -> str:
    named = [f"{label} {spans}" for label, spans in list(counts.items())[:_NAMED]]
    return ", ".join(named) + (", …" if len(counts) > _NAMED else "")


def described(counts: Mapping[str, int], *known: frozenset[str]) -> str:
    """List labels with their counts and what each was probably meant to be."""
    parts = []
    for label, spans in list(counts.items())[:_NAMED]:
        likely = next((found for labels in known if (found := meant_ones(label, LabelScheme(labels)))), ())
        hint = f", {' or '.join(likely)} is probably meant" if likely else ""
        parts.append(f"{label!r} ({spans} span{'' if spans == 1 else 's'}{hint})")
    return ", ".join(parts) + (", …" if len(counts) > _NAMED else "")
