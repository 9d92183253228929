"""How pages and API open the store: with little patience, and seldom anew."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from techner.settings import Settings
from techner.store import Store
from techner.store.patience import PROMPT

KEPT_S = 60.0
"""After this time, the files of keys are read again."""


class _Opened(NamedTuple):
    settings: Settings
    at: float
    store: Store


class Opener:
    """Gives the store of the present settings to every request.

    It is opened anew when the settings change, and once a minute: a client of S3 keeps its connections.
    """

    def __init__(
        self, settings: Callable[[], Settings], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._clock, self._turn = settings, clock, threading.Lock()
        self._opened: _Opened | None = None

    def __call__(self) -> Store:
        """Open the store, or return it; raises what `Settings.open_store` raises."""
        settings = self._settings()
        with self._turn:
            now, opened = self._clock(), self._opened
            if opened is None or opened.settings != settings or now - opened.at >= KEPT_S:
                opened = self._opened = _Opened(settings, now, settings.open_store(PROMPT))
            return opened.store
