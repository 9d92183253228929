"""The threads in which pages and API read the store: apart from those of the server that mounts the app."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

import anyio
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from fastapi.routing import APIRoute

from techner.core.errors import Busy
from techner.web.precedence import PAGES

P = ParamSpec("P")
T = TypeVar("T")
PLACES = 8
"""Requests that read the store at once."""
WAITING = 32
"""Requests that may wait for a place; the next one is told to come again."""
WAIT_S = 2.0
"""How long each of them waits. When the store hangs, nobody gets a place for some ten seconds."""


class Threads:
    """Runs endpoints in threads of its own.

    A plain `def` endpoint would run in one of the 40 threads that Airflow's API shares with all that is
    mounted in it, and a store that hangs would take all of them.
    """

    def __init__(self, places: int = PLACES, *, waiting: int = WAITING, wait_s: float = WAIT_S) -> None:
        self._places, self._waiting, self._wait_s = places, waiting, wait_s
        self._limiters = RunVar[anyio.CapacityLimiter]("techner's places")  # one for each event loop

    def endpoint(self, function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
        """Return an endpoint with the same parameters; it raises Busy if no place is free in time."""
        if iscoroutinefunction(function):  # it blocks nobody
            return function

        @wraps(function)
        async def in_a_thread(*args: P.args, **kwargs: P.kwargs) -> T:
            return await self.run(partial(function, *args, **kwargs))

        return in_a_thread

    async def run(self, call: Callable[[], T]) -> T:
        """Return what `call` returns; raises Busy if no place is free in time."""
        limiter = self._limiter()
        now = limiter.statistics()
        if now.borrowed_tokens >= now.total_tokens and now.tasks_waiting >= self._waiting:
            raise Busy("too many requests wait for the store")
        try:
            with anyio.fail_after(self._wait_s):
                await limiter.acquire()
        except TimeoutError:
            raise Busy("the store is slow, and other requests wait for it") from None
        try:
            free = anyio.CapacityLimiter(1)  # the place is taken already
            return await run_sync(partial(PAGES.first, call), limiter=free)
        finally:
            limiter.release()

    def _limiter(self) -> anyio.CapacityLimiter:
        found = self._limiters.get(None)
        if found is None:
            found = anyio.CapacityLimiter(self._places)
            self._limiters.set(found)
        return found


def route_class(threads: Threads) -> type[APIRoute]:
    """Return the class of routes whose endpoints run in these threads."""

    class InThreads(APIRoute):
        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            super().__init__(path, threads.endpoint(endpoint), **options)

    return InThreads
