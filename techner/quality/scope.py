"""What the annotators of a batch looked for: delivered beside it, stated by a row, or inferred."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

from techner.core.errors import BatchError, IntegrityError
from techner.core.examples import Example
from techner.core.night import BatchMetadata
from techner.core.scheme import LabelScheme, scope_today
from techner.documents import parse
from techner.formats import strict_json


def delivered_metadata(metadata: bytes, scheme: LabelScheme) -> BatchMetadata:
    """Read a batch's metadata; raises BatchError for anything but a scope of the label scheme."""
    try:
        strict_json.loads(metadata.decode())  # `parse` takes the last of two equal keys
        found = parse(BatchMetadata, metadata, where="the metadata")
    except (ValueError, IntegrityError) as error:
        shape = '{"scope": ["LABEL", …]}, with "corrects" where rows come again'
        raise BatchError(f"metadata: {error}; write {shape}, and nothing else") from error
    if fault := scheme.scope_fault(found.scope):
        raise BatchError(f"metadata: {fault}; correct the .meta.json beside the delivery")
    return replace(found, scope=scope_today(found.scope, scheme.moves))


def with_scope(example: Example, scope: tuple[str, ...] | None) -> Example:
    """Return the example with the batch's scope, unless its row stated one."""
    if scope is None or example.scope is not None:
        return example
    return Example(example.text, example.spans, scope)


def disagree(copies: Iterable[Example]) -> bool:
    """Tell whether two annotations of one text differ in a label that both looked for."""
    said = {replace(copy, text="") for copy in copies}
    return any(_differ(one, other) for one, other in combinations(said, 2))


def _differ(one: Example, other: Example) -> bool:
    return any(
        one.looked_for(span.label) and other.looked_for(span.label)
        for span in set(one.spans) ^ set(other.spans)
    )
