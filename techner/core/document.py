"""What all documents have in common: they are frozen and keyword-only, and have no unknown keys."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def document(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass that `techner.documents` reads strictly."""
    # pydantic reads this attribute, so core does not need to import it.
    cls.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)
