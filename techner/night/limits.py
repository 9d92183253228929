"""What a task of a night may touch: declared where it is defined, enforced while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from techner.runs.documents import RunDocuments
from techner.store.limited import LimitedStore

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
    scratch: tuple[str, ...]
    """Names below its run of what it writes and removes."""
    keeps: tuple[str, ...]


def task(
    *,
    reads: tuple[type, ...] = (),
    writes: tuple[type, ...] = (),
    scratch: tuple[str, ...] = (),
    keeps: tuple[str, ...] = (),
) -> Callable[[Callable[Concatenate[R, P], T]], Callable[Concatenate[R, P], T]]:
    """Limit a task to the documents and `scratch` of its run, and the prefixes of the store that it `keeps`.

    The task raises AssertionError when it touches anything else.
    """

    def limiting(function: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
        TOUCHES[function.__name__] = Touches(reads=reads, writes=writes, scratch=scratch, keeps=keeps)

        @wraps(function)
        def limited(run: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
            own = (*map(run.key, writes), *(run.folder + name for name in scratch))
            store = LimitedStore(inner=run.store, who=f"task {function.__name__}", prefixes=(*keeps, *own))
            return function(replace(run, store=store, readable=frozenset(reads)), *args, **kwargs)

        return limited

    return limiting
