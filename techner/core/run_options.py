"""What a person chooses for one run, read from whatever a form, Airflow or its API sends (ADR 36)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from techner.core.bounds import OneOf, Range, bounds_of
from techner.core.errors import OptionsError
from techner.core.policy import Policies, TrainingPolicy

_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What is left out is as in the settings."""

    batches: tuple[str, ...] = ()
    """The names of the only batches to use; empty: all that are due."""
    strategy: str | None = None
    seed: int | None = None
    epochs: int | None = None
    dry_run: bool = False

    def applied_to(self, policies: Policies) -> Policies:
        """Return the policies of the run."""
        wanted = {"strategy": self.strategy, "seed": self.seed, "epochs": self.epochs}
        chosen: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        return replace(policies, training=replace(policies.training, **chosen))

    def as_conf(self) -> dict[str, Any]:
        """Return what was chosen, as `read_options` reads it and as JSON holds it."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if value is not None and value is not False and value != ()
        }


def read_options(given: Mapping[str, object]) -> RunOptions:
    """Return what was chosen; blanks at the ends of words do not count, and an empty field is left out.

    Raises OptionsError with a sentence for each option that cannot be read, and for each unknown one.
    """
    problems = dict(_unknown(given))
    read: dict[str, Any] = {}
    for name, reader in _READERS.items():
        try:
            read[name] = reader(given.get(name))
        except ValueError as wrong:
            problems[name] = f"{name} is {given[name]!r:.80}: {wrong}"
    if problems:
        raise OptionsError(problems)
    return RunOptions(**{name: value for name, value in read.items() if value is not None})


def limits_of(name: str) -> Range:
    """Return the least and the greatest value of `seed` or `epochs`."""
    bound = bounds_of(TrainingPolicy)[name]
    if not isinstance(bound, Range):
        raise TypeError(f"{name} is no number")
    return bound


def strategies() -> tuple[str, ...]:
    bound = bounds_of(TrainingPolicy)["strategy"]
    return bound.words if isinstance(bound, OneOf) else ()


def _unknown(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name in given:
        if name not in _READERS:
            meant = get_close_matches(name, _READERS, n=1)
            hint = f"did you mean {meant[0]}?" if meant else f"give {', '.join(_READERS)}, or nothing"
            yield name, f"{name!r:.80} is no option of a run: {hint}"


def _batches(value: object) -> tuple[str, ...] | None:
    if value is None or _is_blank(value):
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError("give a list of names in the inbox")
    return tuple(dict.fromkeys(name.strip() for name in value if name.strip()))


def _one_of_training(name: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        if value is None or _is_blank(value):
            return None
        bound = bounds_of(TrainingPolicy)[name]
        plain = value.strip() if isinstance(value, str) else value
        if isinstance(bound, Range) and isinstance(plain, str) and _WHOLE.fullmatch(plain):
            plain = int(plain)
        if not bound.allows(plain):
            raise ValueError(f"{bound}, or nothing")
        return plain

    return read


def _truth(value: object) -> bool | None:
    if value is None or isinstance(value, bool) or _is_blank(value):
        return value if isinstance(value, bool) else None
    if isinstance(value, str) and value.strip().lower() in _TRUTH:
        return _TRUTH[value.strip().lower()]
    raise ValueError("give true or false")


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


_READERS: dict[str, Callable[[object], object]] = {
    "batches": _batches,
    "strategy": _one_of_training("strategy"),
    "seed": _one_of_training("seed"),
    "epochs": _one_of_training("epochs"),
    "dry_run": _truth,
}
