"""The labels that the annotators of a batch looked for: delivered beside it, stated by a row, or inferred."""

from collections.abc import Iterable
from dataclasses import replace

from techner.core.delivery import BatchMetadata
from techner.core.errors import FileError, IntegrityError
from techner.core.examples import Example, Span
from techner.core.scheme import LabelScheme, scope_today
from techner.documents import parse
from techner.formats import strict_json


def delivered_metadata(metadata: bytes, scheme: LabelScheme) -> BatchMetadata:
    """Read a batch's metadata; raises FileError unless it has the right form and a scope of the scheme."""
    try:
        strict_json.loads(metadata.decode())  # `parse` takes the last of two equal keys
        found = parse(BatchMetadata, metadata, where="the metadata")
    except (ValueError, IntegrityError) as error:
        shape = '{"scope": ["LABEL", …]}, with "corrects" if it corrects rows'
        raise FileError("metadata", f"{error}; write {shape}, and nothing else") from error
    if fault := scheme.scope_fault(found.scope):
        raise FileError("metadata", f"{fault}; correct the .meta.json beside the delivery")
    return replace(found, scope=scope_today(found.scope, scheme.moves))


def with_scope(example: Example, scope: tuple[str, ...] | None) -> Example:
    """Return the example with the batch's scope, unless its row states one."""
    if scope is None or example.scope is not None:
        return example
    return Example(example.text, example.spans, scope)


def disagree(copies: Iterable[Example]) -> bool:
    """Say whether two annotations of one text differ in a label that both looked for.

    Compared label by label, because comparing every two copies takes the square of their number.
    """
    said = {(copy.spans, copy.scope): copy for copy in copies}.values()
    labels = {span.label for copy in said for span in copy.spans} if len(said) > 1 else ()
    return any(
        len({_of_label(copy, label) for copy in said if copy.looked_for(label)}) > 1 for label in labels
    )


def _of_label(copy: Example, label: str) -> frozenset[Span]:
    return frozenset(span for span in copy.spans if span.label == label)
