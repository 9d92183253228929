"""*Try it*: a sentence, as read by the pretrained model, by production, and by a candidate (ADR 37)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.errors import Busy, ModelError, NotInitialised
from techner.settings import Settings
from techner.web.access import Answering, texts_only_for, visitor_of
from techner.web.pages import FORM_HEADERS, html
from techner.web.reading import Reading
from techner.web.trying_apart import read_apart
from techner.web.trying_readers import Read, read_all, readers_of

MAX_TEXT = 1000
"""Characters: it stands in the address, and servers before ours cut addresses of some 8 kB."""
WAITING = 2
"""Requests that may wait while one reads: each keeps a thread of the pages."""
WAIT_S = 30.0


class Turns:
    """Lets one read at a time, and few wait."""

    def __init__(self, *, waiting: int = WAITING, wait_s: float = WAIT_S) -> None:
        self._places, self._wait_s = threading.BoundedSemaphore(waiting + 1), wait_s
        self._turn = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn; raises Busy if too many wait, or for too long."""
        if not self._places.acquire(blocking=False):
            raise Busy("other sentences are being read")
        try:
            if not self._turn.acquire(timeout=self._wait_s):
                raise Busy("another sentence is being read")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()


def make_try_page(
    reading: Callable[[], Reading],
    settings: Callable[[], Settings],
    answering: Answering | None,
    routes: type[APIRoute],
    *,
    read: Read = read_apart,
    turns: Turns | None = None,
) -> APIRouter:
    """Make the page; the models are kept in the cache from which services pull."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    guard, turns = texts_only_for(visitor_of(answering)), turns or Turns()

    def tried(text: str, run: str) -> dict[str, Any]:
        here = reading()
        readers = readers_of(here, run)
        with turns.turn():
            rows = read_all(readers, text, settings().workspace(here.store), read=read)
        return {"rows": rows, "is_gone": len(rows) < len(readers)}

    @pages.head("/try", dependencies=[guard])
    @pages.get("/try", dependencies=[guard])
    def page(text: str = "", run: str = "") -> HTMLResponse:
        status = 200
        shown: dict[str, Any] = {"rows": [], "is_gone": False, "error": "", "max_text": MAX_TEXT}
        if len(text) > MAX_TEXT:
            status = 422
            shown |= {"error": f"The text has {len(text)} characters; {MAX_TEXT} are allowed."}
        elif sentence := text.strip():
            try:
                shown |= tried(sentence, run)
            except (ModelError, Busy) as failed:
                status = 503 if failed.is_passing else 500
                shown |= {"error": str(failed)}
            except NotInitialised as missing:
                return html("empty.html", url=missing.url)
        return html("try.html", status=status, headers=FORM_HEADERS, text=text[:MAX_TEXT], run=run, **shown)

    return pages
