"""One JSON object a line: `{"text": …, "entities": [[start, end, label], …]}`; techner's own format too."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from techner.core.errors import IntegrityError
from techner.core.examples import Example, Span
from techner.formats import strict_json
from techner.formats.classic import classic_parts
from techner.formats.rows import Row

SPAN_KEYS = ("entities", "label", "labels")


def read_lines(data: bytes) -> Iterator[Row]:
    """Yield a row for every line that is not blank; an unreadable one carries its fault.

    Lines end at LF alone: U+2028 and its like are legal inside JSON strings.
    """
    for number, raw in enumerate(data.split(b"\n"), 1):
        if raw.strip():
            yield _read_line(number, raw.removesuffix(b"\r"))


def _read_line(number: int, raw: bytes) -> Row:
    try:
        item = strict_json.loads(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Row(number=number, raw=raw, fault=("encoding", f"byte {error.start} is not UTF-8"))
    except ValueError as error:
        return Row(number=number, raw=raw, fault=("json", str(error)))
    return row_of(number, raw, item)


def row_of(number: int, raw: bytes, item: Any) -> Row:
    """Find text and entities in one parsed record."""
    if isinstance(item, list):
        item = classic_parts(item)
    if not isinstance(item, dict):
        return Row(number=number, raw=raw, fault=("shape", "neither an object nor [text, {entities}]"))
    entities = next((item[key] for key in SPAN_KEYS if key in item), None)
    return Row(number=number, raw=raw, text=item.get("text"), entities=entities, scope=item.get("scope"))


def write_examples(examples: Iterable[Example]) -> bytes:
    """Write examples canonically: the same examples give the same bytes."""
    return b"".join(json.dumps(_record(eg), ensure_ascii=False).encode() + b"\n" for eg in examples)


def _record(eg: Example) -> dict[str, Any]:
    spans = [[span.start, span.end, span.label] for span in eg.spans]
    scope = {} if eg.scope is None else {"scope": eg.scope}
    return {"text": eg.text, "entities": spans, **scope}


def read_examples(data: bytes, *, where: str) -> tuple[Example, ...]:
    """Read what `write_examples` wrote; raises IntegrityError for anything else."""
    examples = []
    for row in read_lines(data):
        match row.text, row.entities, row.scope:
            case str(text), list(entities), None | list() if not row.fault and all(map(_is_span, entities)):
                scope = None if row.scope is None else tuple(map(str, row.scope))
                examples.append(Example(text, tuple(Span(*entity) for entity in entities), scope))
            case _:
                raise IntegrityError(f"{where}, line {row.number}: {row.fault or 'no text or no entities'}")
    return tuple(examples)


def _is_span(entity: Any) -> bool:
    match entity:
        case [int(), int(), str()]:
            return True
        case _:
            return False
