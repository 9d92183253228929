"""What a record says beside the entities that are read; without this, it would be passed over in silence."""

from collections.abc import Callable, Mapping
from typing import Any

from techner.formats.objects import is_entity
from techner.formats.review import rejection
from techner.formats.rows import Fault, Row
from techner.formats.second import of_nobody, require_one

Read = Callable[[int, bytes, Any], Row]


def minding(read: Read) -> Read:
    """Return a reader that also minds a rejection of the row or an entity of it, and a second annotation.

    It raises FormatError for a second annotation that says something else.
    """

    def minded(number: int, raw: bytes, record: Any) -> Row:
        row = read(number, raw, record)
        fields = record[1] if isinstance(record, list) else record  # a classic pair
        if row.fault:
            return row
        if row.answer in (None, "accept") and (said := rejection(fields)):
            return row._replace(answer=said[1], answered_by=said[0])
        if isinstance(row.entities, list):
            require_one(fields, row.entities, is_accepted=row.answer == "accept")
            if key := _rejected_entity(fields):
                detail = f"a reviewer marked an entity as wrong ({key!r}): remove it and export again"
                return Row(number=number, raw=raw, fault=Fault("conflict", detail))
        return row

    return minded


def _rejected_entity(fields: Mapping[str, Any]) -> str | None:
    """Return the key by which an entity says that it was rejected; None if none does."""
    for name, value in fields.items():
        if not isinstance(value, list) or of_nobody(name):
            continue
        for one in value:
            if isinstance(one, dict) and is_entity(one) and (said := rejection(one)):
                return said[0]
    return None
