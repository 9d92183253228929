"""Which settings differ between the nights that made two versions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from techner.core.errors import IntegrityError, ObjectMissing
from techner.core.run_documents import Plan
from techner.documents import parse
from techner.runs.documents import NAMES, RUNS
from techner.web.reading import Reading


@dataclass(frozen=True, slots=True)
class SettingChange:
    name: str
    """As in `techner.toml`."""
    before: str | None
    """None if the plan does not have it, as of a setting that came later."""
    after: str | None


@dataclass(frozen=True, slots=True)
class _Frozen:
    """A plan as it was written: read as a `Plan`, it would have today's default for each later setting."""

    policies: dict[str, Any]


def changed_settings(here: Reading, before: str, after: str) -> tuple[SettingChange, ...] | None:
    """Compare what the plans of two versions' nights froze; None if one has no plan that can be read.

    The origin was made by none, and a collection may have removed the plan of an old night.
    """
    old, new = _settings_of(here, before), _settings_of(here, after)
    if old is None or new is None:
        return None
    return tuple(
        SettingChange(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _settings_of(here: Reading, version: str) -> dict[str, str] | None:
    run = next((night.id for night in here.nights if night.version == version), None)
    if run is None:
        return None
    key = f"{RUNS}{run}/{NAMES[Plan]}"
    try:
        return dict(_flat(parse(_Frozen, here.store.get(key), where=key).policies))
    except (ObjectMissing, IntegrityError):
        return None


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _flat(inner, f"{name}.{part}" if name else part)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
