"""A refused setting in one sentence: its full name, its value, what to give, and where it came from."""

import os
from collections.abc import Iterator
from dataclasses import is_dataclass
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from techner.core.bounds import bounds_of, types_of
from techner.core.errors import PolicyError
from techner.settings.models import source_of
from techner.settings.sources import CONFIG, MODEL, PREFIX

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_SECRET = "token"  # noqa: S105 - the name of a setting


def sentence(error: ValidationError, settings: type[BaseSettings], model: str | None) -> str:
    """Describe the first refused setting and what to do about it."""
    first = error.errors(include_url=False)[0]
    place = tuple(map(str, first["loc"]))[:3]
    refused = first.get("ctx", {}).get("error")
    if isinstance(refused, PolicyError):
        return f"{refused}{_from(tuple(refused.field.split('.')), model)}"
    name = ".".join(place)
    if first["type"] in _UNKNOWN:
        return f"{name} is no setting{nearest(name, settings)}{_from(place, model)}"
    return f"{name} {_problem(first, place, settings)}{_from(place, model)}"


def nearest(name: str, settings: type[BaseSettings]) -> str:
    """Return what was probably meant, as the second half of a sentence."""
    known = list(_names(settings))
    by_leaf = {full.rpartition(".")[2]: full for full in known}
    leaf = name.rpartition(".")[2]
    meant = get_close_matches(name, known, n=1, cutoff=0.7)
    meant = meant or [by_leaf[found] for found in get_close_matches(leaf, by_leaf, n=1, cutoff=0.7)]
    return f": did you mean {meant[0]}?" if meant else ": take it out"


def nearest_variable(variable: str, settings: type[BaseSettings]) -> str:
    """Return what was probably meant by a variable, as the second half of a sentence."""
    known = [f"{PREFIX}{name.replace('.', '__').upper()}" for name in _names(settings)]
    meant = get_close_matches(variable.upper(), [*known, CONFIG, MODEL], n=1, cutoff=0.8)
    return f": did you mean {meant[0]}?" if meant else ": unset it"


def _names(settings: type[BaseSettings]) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        yield name
        if is_dataclass(field.annotation):
            yield from (f"{name}.{inner}" for inner in types_of(field.annotation))


def _problem(error: ErrorDetails, place: tuple[str, ...], settings: type[BaseSettings]) -> str:
    section = settings.model_fields[place[0]].annotation if place[0] in settings.model_fields else None
    said = str(error.get("ctx", {}).get("error", error["msg"]))
    if is_dataclass(section) and len(place) == 1:
        said = f"give a table, [{place[0]}]"
    elif is_dataclass(section) and (bound := bounds_of(section).get(place[1])):
        said = str(bound)
    value = "not valid" if place[0] == _SECRET else f"{str(error['input'])[:80]!r}"
    return f"is {value}: {said[:1].lower()}{said[1:]}"


def _from(place: tuple[str, ...], model: str | None) -> str:
    """Name the variable or file that the value came from."""
    variables = {f"{PREFIX}{'__'.join(place[:length])}".upper() for length in (1, 2)}
    found = sorted((name for name in os.environ if name.upper() in variables), key=len)
    said = found[-1] if found else source_of(model, place[:2])
    return "" if said is None else f" (from {said})"
