"""Records for the tests of the registry."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from techner.core.manifest import FileEntry, Lineage, Manifest
from techner.core.records import Generation

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def generation(name: str) -> Generation:
    return Generation(
        id=name,
        alias="production",
        number=1,
        version=f"version of {name}",
        manifest="0" * 64,
        previous=None,
        before=None,
        who="me",
        why="test",
        when=WHEN,
    )


def manifest(number: int = 0, *, libraries: dict[str, str] | None = None, **parts: Any) -> Manifest:
    plain = Manifest(
        number=number,
        parent=None,
        origin=None,
        base="en_core_web_sm",
        pretrained_labels=("PERSON",),
        new_labels=(),
        files=(FileEntry(path="config.cfg", sha256="0" * 64, size_bytes=1),),
        lineage=Lineage(reference="r", code="c", libraries=libraries or {"spacy": "3.8", "numpy": "2"}),
    )
    return replace(plain, **parts)
