"""What a record says beside the entities that are read; without this, it would be passed over in silence."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from techner.formats import classic, doccano, entity_objects, jsonl, prodigy, spacy_json
from techner.formats.objects import is_entity
from techner.formats.review import rejection
from techner.formats.rows import Fault, Row
from techner.formats.second import require_one

Read = Callable[[int, bytes, Any], Row]
_LISTS: Mapping[str, tuple[str, ...]] = {
    jsonl.NAME: ("entities",),
    classic.NAME: ("entities",),
    prodigy.NAME: ("spans",),
    spacy_json.NAME: ("ents",),
    doccano.NAME: ("entities", "label", "labels", "annotations"),
}
"""Where a format has its entities as objects; any other key holds something else, such as a log."""


def minding(name: str, read: Read) -> Read:
    """Return a format's reader that also minds a rejection of the row or an entity, and a second annotation.

    It raises FormatError for a second annotation that says something else.
    """

    def minded(number: int, raw: bytes, record: Any) -> Row:
        row = read(number, raw, record)
        fields = record[1] if isinstance(record, list) else record  # a classic pair
        if row.fault:
            return row
        # doccano writes metadata of the source among its own keys, and has no answer to a text.
        if row.answer is None and name != doccano.NAME and (said := rejection(fields)):
            return row._replace(answer=said[1], answered_by=said[0])
        if isinstance(row.entities, list):
            require_one(fields, row.entities, is_accepted=row.answer == "accept")
            if key := _rejected_entity(fields, _lists(name, fields)):
                detail = f"a reviewer marked an entity as wrong ({key!r}): remove it and export again"
                return Row(number=number, raw=raw, fault=Fault("conflict", detail))
        return row

    return minded


def _lists(name: str, fields: Mapping[str, Any]) -> Iterable[str]:
    """Return the keys of the lists that the format's reader takes entities from."""
    return entity_objects.annotation_keys(fields) if name == entity_objects.NAME else _LISTS.get(name, ())


def _rejected_entity(fields: Mapping[str, Any], lists: Iterable[str]) -> str | None:
    """Return the key by which an entity says that it was rejected; None if none does."""
    for name in lists:
        value = fields.get(name)
        for one in value if isinstance(value, list) else ():
            if isinstance(one, dict) and is_entity(one) and (said := rejection(one)):
                return said[0]
    return None
