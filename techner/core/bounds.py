"""Bounds of the fields of policies: declared beside the type, checked when a policy is made."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol, get_args, get_type_hints

from techner.core.errors import PolicyError

_TAG = re.compile(r"[BILOUSEM]-")
_LIST = re.compile(r"""[;|]|^['"[{]|['"\]}]$""")
"""In the name of a label, what shows that it is a list that was separated or quoted in another way."""


class Bound(Protocol):
    """A condition on a value; as text it is an instruction."""

    def allows(self, value: Any) -> bool:
        """Tell whether the field may have this value."""


@dataclass(frozen=True)
class Range:
    """A finite number from `least` to `most`, both included; a whole number if both are whole."""

    least: float
    most: float
    hint: str = ""

    def allows(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if self._is_whole else (int, float)):
            return False
        return self.least <= value <= self.most  # false for NaN too

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
        """Make pydantic refuse true and false, which it reads as 1 and 0, without importing it."""
        return _before(self._no_truth_value, handler(source))

    def _no_truth_value(self, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(str(self))  # noqa: TRY004 - pydantic's protocol
        return value

    def __str__(self) -> str:
        kind = "a whole number" if self._is_whole else "a number"
        least, most = (n if self._is_whole else f"{n:g}" for n in (self.least, self.most))
        return f"give {kind} from {least} to {most}{self.hint}"

    @property
    def _is_whole(self) -> bool:
        return isinstance(self.least, int)


@dataclass(frozen=True)
class OneOf:
    words: tuple[str, ...]

    def allows(self, value: Any) -> bool:
        return value in self.words

    def __str__(self) -> str:
        return f"give {' or '.join(self.words)}"


@dataclass(frozen=True)
class SomeOf:
    """A list of some of these words."""

    words: tuple[str, ...]

    def allows(self, value: Any) -> bool:
        return set(value) <= set(self.words)

    def __str__(self) -> str:
        return f"give some of {', '.join(self.words)}"


@dataclass(frozen=True)
class LabelNames:
    """Labels that every format can hold: a list without repeats, or a table from one label to another."""

    def allows(self, value: Any) -> bool:
        names = [*value, *value.values()] if isinstance(value, dict) else list(value)
        is_unique = isinstance(value, dict) or max(Counter(names).values(), default=1) == 1
        return is_unique and all(map(is_label, names))

    def __str__(self) -> str:
        return (
            "give names of labels, each once, like PROTOCOL: no comma or semicolon, no quotes or white space "
            "around it, and no tag like O or B-PROTOCOL"
        )


@dataclass(frozen=True)
class NullMeans:
    """Reads null, which documents of earlier versions have here, as this value."""

    value: float

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
        """Make pydantic replace null with the value."""
        return _before(lambda value: self.value if value is None else value, handler(source))


def is_label(name: Any) -> bool:
    """Tell whether a label can have this name in every format that is read or written."""
    return (
        isinstance(name, str)
        and name.isprintable()
        and name == name.strip()
        and name not in ("", "O", "-")
        and "," not in name
        and not _TAG.match(name)
        and not _LIST.search(name)
    )


class Checked:
    """A policy that cannot be made with a value outside its bounds; `section` names it in the settings."""

    __slots__ = ()
    section: ClassVar[str]

    def __post_init__(self) -> None:
        """Raise PolicyError for a value outside its bounds, and for fields that contradict each other."""
        policy = type(self)
        for name, bound in bounds_of(policy).items():
            value = getattr(self, name)
            is_left_open = value is None and type(None) in get_args(types_of(policy)[name])
            if not is_left_open and not bound.allows(value):
                raise PolicyError(f"{self.section}.{name}", f"is {value!r:.80}: {bound}")
        for name, problem in self.contradictions():
            raise PolicyError(f"{self.section}.{name}", problem)

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Yield each field that contradicts another, with what is wrong."""
        yield from ()


def bounds_of(policy: type[Any]) -> dict[str, Bound]:
    """Return the bound of each field that has one."""
    hints = get_type_hints(policy, include_extras=True)
    found = {field.name: _bound(hints[field.name]) for field in fields(policy)}
    return {name: bound for name, bound in found.items() if bound}


def types_of(policy: type[Any]) -> dict[str, Any]:
    """Return the plain type of each field."""
    hints = get_type_hints(policy)
    return {field.name: hints[field.name] for field in fields(policy)}


def _bound(hint: Any) -> Bound | None:
    return next((extra for extra in getattr(hint, "__metadata__", ()) if hasattr(extra, "allows")), None)


def _before(change: Callable[[Any], Any], schema: Any) -> dict[str, Any]:
    """Return pydantic's schema for a value that is changed before it is validated."""
    return {"type": "function-before", "function": {"type": "no-info", "function": change}, "schema": schema}
