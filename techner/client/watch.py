"""A model that follows its alias while it serves."""

import logging
import threading
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from techner.client.served import Served
from techner.core.errors import ModelError, TechnerError

if TYPE_CHECKING:
    from spacy.language import Language

log = logging.getLogger(__name__)


class Models(Protocol):
    """What is followed: `ModelStore`."""

    def resolve(self, name: str = ...) -> str: ...

    def load(self, name: str = ...) -> "Language": ...


class Live:
    """The loaded model that an alias names; a new one replaces it once it has answered a query."""

    def __init__(self, models: Models, alias: str, *, every_s: float) -> None:
        self._models, self._alias, self._every_s = models, alias, every_s
        self._error: TechnerError | None = None
        self._current = self._load()
        self._closed = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self._poll, name=f"techner-{alias}", daemon=True)
        self._thread.start()

    @property
    def current(self) -> Served:
        """The model that serves now. Take it once per request, so that version and answer agree."""
        return self._current

    @property
    def error(self) -> TechnerError | None:
        """Why the last poll failed; None if it succeeded."""
        return self._error

    @property
    def is_polling(self) -> bool:
        return self._thread.is_alive()

    def refresh(self) -> bool:
        """Poll now, and return whether another model serves since then.

        Raises what `ModelStore.load` raises; the old model then goes on serving.
        """
        with self._one_at_a_time:
            try:
                if self._models.resolve(self._alias) == self._current.version:
                    self._error = None
                    return False
                new = self._load()
            except BaseException as error:
                self._error = self._said(error)
                raise
            changed = new.version != self._current.version
            self._current, self._error = new, None  # one assignment: no request sees half of it
            return changed

    def close(self) -> None:
        """Stop polling. A download that is under way continues in the background; the model still answers."""
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self) -> Served:
        nlp = self._models.load(self._alias)
        version: str = nlp.meta["techner_version"]
        return Served(version, nlp, reload=lambda: self._models.load(version))

    def _said(self, error: BaseException) -> TechnerError:
        """Return an error with a message: a MemoryError has none of its own."""
        if isinstance(error, TechnerError):
            return error
        said = ModelError(f"loading what {self._alias!r} names failed: {type(error).__name__}: {error}")
        said.__cause__ = error
        return said

    def _poll(self) -> None:
        while not self._closed.wait(self._every_s):
            # Only a log handler can raise here, and an error would end the thread silently.
            with suppress(BaseException):
                self._poll_once()

    def _poll_once(self) -> None:
        before = self._current.version
        try:
            changed = self.refresh()
        except TechnerError as error:
            log.warning("%s; %s still serves", error, before)
        except BaseException:  # a model, or a full memory, may raise anything
            log.exception("%s; %s still serves", self._error, before)
        else:
            if changed:
                log.info("%s serves %s, no longer %s", self._alias, self._current.version, before)
