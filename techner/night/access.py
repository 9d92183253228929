"""What a task of a night may touch: said where it is defined, and held while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from techner.runs.documents import RunDocuments
from techner.store.wrapped import WrappedStore

P = ParamSpec("P")
R = TypeVar("R", bound=RunDocuments)
T = TypeVar("T")
TOUCHES: dict[str, "Touches"] = {}
"""What each task touches, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """The documents of its run that a task reads and writes, and where else in the store it writes."""

    reads: tuple[type, ...]
    writes: tuple[type, ...]
    keeps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited(WrappedStore):
    """Refuses to write elsewhere than below `prefixes`: a task that tries is wrong, not the store."""

    task: str
    prefixes: tuple[str, ...]

    def create(self, key: str, data: bytes) -> None:
        self._require(key)
        self.inner.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        self._require(key)
        self.inner.put(key, data)

    def delete(self, key: str) -> None:
        self._require(key)
        self.inner.delete(key)

    def upload(self, key: str, path: Path) -> None:
        self._require(key)
        self.inner.upload(key, path)

    def _require(self, key: str) -> None:
        if not key.startswith(self.prefixes):
            raise AssertionError(f"task {self.task} does not say that it writes {key}")


def task(
    *, reads: tuple[type, ...] = (), writes: tuple[type, ...] = (), keeps: tuple[str, ...] = ()
) -> Callable[[Callable[Concatenate[R, P], T]], Callable[Concatenate[R, P], T]]:
    """Give the function a run that lets it touch just this; the function raises AssertionError elsewhere.

    `reads` and `writes` are documents of the run, `keeps` prefixes of the store.
    """

    def limiting(function: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
        TOUCHES[function.__name__] = Touches(reads=reads, writes=writes, keeps=keeps)

        @wraps(function)
        def limited(run: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
            own = tuple(run.key(kind) for kind in writes)
            store = Limited(inner=run.store, task=function.__name__, prefixes=(*keeps, *own))
            return function(replace(run, store=store, readable=frozenset(reads)), *args, **kwargs)

        return limited

    return limiting
