"""Several models in one file: a table `[models.NAME]` overrides what stands outside it (ADR 43)."""

import os
import re
from collections.abc import Mapping
from typing import Any

from techner.core.errors import SettingsError
from techner.settings.sources import MODEL, read_file, settings_file, variable
from techner.store.urls import place_of

MODELS = "models"
"""The table of tables, one for each model."""
DEFAULT_STORE = ".techner/store"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


def model_names() -> tuple[str, ...]:
    """Return the names of the models, sorted; none where the file is about one that needs no name.

    A name that cannot be used is among them: loading its settings says what is wrong. Raises SettingsError if
    the file cannot be read, or `models` holds no tables at all.
    """
    return names_in(read_file())


def names_in(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the models of what a file says; raises what `model_names` raises."""
    tables = told.get(MODELS)
    if tables is None:
        return ()
    if not isinstance(tables, dict) or not tables:
        raise SettingsError(
            f"models is {str(tables)[:80]!r}: give each model a table, [models.NAME], or take it out "
            f"(from {settings_file()})"
        )
    return tuple(sorted(tables))


def chosen_model(named: str | None, told: Mapping[str, Any]) -> str | None:
    """Return which model is meant, by argument or TECHNER_MODEL; None where the file is about one alone.

    Raises SettingsError where a choice is missing, or is none of the file's models.
    """
    names = names_in(told)
    model = (os.environ.get(MODEL) or None) if named is None else named
    if model is None and names:
        raise SettingsError(
            f"{settings_file()} has tables of models: choose one with `techner --model NAME` or {MODEL} "
            f"({', '.join(names)})"
        )
    if model is not None and model not in names:
        there = f"its models are {', '.join(names)}" if names else "it names no models"
        raise SettingsError(f"there is no model {model!r} in {settings_file()}: {there}")
    return model


def values_of(model: str | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the file says of a model: its own table wins, and of a table in both, field by field.

    Raises SettingsError for a name that cannot be used, and for a store that is not the model's alone.
    """
    common = {name: value for name, value in told.items() if name != MODELS}
    if model is None:
        return common
    tables = told[MODELS]
    own = tables[model]
    if not _NAME.fullmatch(model):
        raise SettingsError(
            f"models.{model} cannot be a name: rename that table to letters, digits, - and _, at most 100 "
            f"(from {settings_file()})"
        )
    if not isinstance(own, dict):
        raise SettingsError(
            f"models.{model} is {str(own)[:80]!r}: give a table, [models.{model}] (from {settings_file()})"
        )
    _refuse_shared(model, common, tables)
    return _merged(common, own)


def source_of(model: str | None, place: tuple[str, ...]) -> str | None:
    """Say where in the file the setting of a model stands; None if it does not."""
    told = read_file()
    if model is not None and _stands(told.get(MODELS, {}).get(model), place):
        return f"[{MODELS}.{model}] of {settings_file()}"
    return str(settings_file()) if _stands(told, place) else None


def _stands(inner: Any, place: tuple[str, ...]) -> bool:
    for part in place:
        inner = inner.get(part) if isinstance(inner, dict) else None
    return inner is not None


def _merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: {**common[name], **table}
        for name, table in own.items()
        if isinstance(table, dict) and isinstance(common.get(name), dict)
    }
    return {**common, **own, **both}


def _refuse_shared(model: str, common: Mapping[str, Any], tables: Mapping[str, Any]) -> None:
    """Two models in one store would promote over each other; so would two names of one DAG."""
    for other in tables:
        if other != model and other.lower() == model.lower():
            raise SettingsError(f"models.{model} and models.{other} differ in case alone: rename one of them")
    if len(tables) > 1 and variable("store") is not None:
        raise SettingsError(
            "TECHNER_STORE gives every model the same store: unset it, and set `store` in each table "
            "[models.NAME]"
        )
    ours = {name: _merged(common, table) for name, table in tables.items() if isinstance(table, dict)}
    for other, values in ours.items():
        if other != model and _is_shared(ours[model], values):
            raise SettingsError(
                f"models.{model} and models.{other} would share a store, or one lies in the other's: give "
                f"each its own `store` (from {settings_file()})"
            )


def _is_shared(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    endpoints = {str(values.get("s3_endpoint") or "").rstrip("/") for values in (one, other)}
    if len(endpoints - {""}) > 1:  # two servers; one that is not named here may be the other
        return False
    first, second = sorted((_place(one), _place(other)), key=len)
    return second[: len(first)] == first


def _place(values: Mapping[str, Any]) -> tuple[str, ...]:
    return place_of(str(values.get("store", DEFAULT_STORE)))
