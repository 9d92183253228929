"""JSON documents ⇄ frozen dataclasses, strictly: an unknown key or a wrong type is an error."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from techner.core.errors import IntegrityError, SettingsError
from techner.core.examples import digest

T = TypeVar("T")


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def plain(document: Any) -> Any:
    """Return a document as dicts, lists, strings and numbers."""
    return _adapter(type(document)).dump_python(document, mode="json")


def dump(document: Any) -> bytes:
    """Return a document as canonical JSON: the same value gives the same bytes."""
    return canonical(plain(document))


def canonical(value: Any) -> bytes:
    """Return dicts, lists, strings and numbers as canonical JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def parse(kind: type[T], data: bytes, *, where: str) -> T:
    """Read a document of `kind`; raises IntegrityError, which names `where`, for anything else."""
    try:
        return _adapter(kind).validate_json(data, strict=True)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(refused := first.get("ctx", {}).get("error"), SettingsError):
            raise IntegrityError(f"{where} holds a setting that is no longer allowed: {refused}") from error
        place = ".".join(map(str, first["loc"]))
        raise IntegrityError(f"{where} is not a {kind.__name__}: {place}: {first['msg']}") from error


def document_digest(document: Any) -> str:
    return digest(dump(document))
