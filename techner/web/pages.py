"""What every page is sent with, and what its template may ask for."""

from base64 import b64encode
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup, escape

from techner.core.errors import StillReading
from techner.reports import environment
from techner.web.rows import cut

SCRIPT = Path(__file__).with_name("frame.js").read_text(encoding="utf-8")
"""Of every page, as it stands there: the hash is of exactly these characters."""
_HASH = b64encode(sha256(SCRIPT.encode()).digest()).decode()
# No other script, no network: even a text that was not escaped could do nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'"


def _headers(more: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": f"{_POLICY}; {more}",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


HEADERS = _headers(f"script-src 'sha256-{_HASH}'; form-action 'none'")
AGAIN = {"Refresh": "2"}
"""Of a page that is not whole yet: the browser loads it again after two seconds."""
FORM_HEADERS = _headers(f"script-src 'sha256-{_HASH}'; form-action 'self'")
"""Of a page with a form."""
RUN_HEADERS = _headers(f"script-src 'sha256-{_HASH}'; form-action 'self'; frame-src 'self'")
"""Of the page of a run, which has a form, and the report in a frame."""
# The page comes from the store: in an origin of its own it could do nothing in Airflow's name.
REPORT_HEADERS = _headers("form-action 'none'; sandbox")

MEGABYTE = 10**6
SIZE = 50
"""Rows of a table on one page."""
T = TypeVar("T")
_place: ContextVar[tuple[str, str]] = ContextVar("techner's place", default=("./", ""))
"""Of the request: the way to the app's root, and the first part of its own path."""
_model: ContextVar[str | None] = ContextVar("techner's model", default=None)
"""Whose pages these are if there are several models; the empty string where none is chosen yet."""
_zone: ContextVar[tzinfo] = ContextVar("techner's time zone", default=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows of a long table."""

    rows: tuple[T, ...]
    number: int
    """From 1 on."""
    pages: int
    total: int

    @property
    def first(self) -> int:
        """Number of the first row, from 1 on."""
        return (self.number - 1) * SIZE + 1


def paged(rows: Sequence[T], wanted: str) -> Page[T]:
    """Return a page of rows; what is no number of a page gives the first one, or the last."""
    pages = max(1, -(-len(rows) // SIZE))
    number = min(max(int(wanted[:9]), 1), pages) if wanted.isascii() and wanted.isdecimal() else 1
    return Page(
        rows=tuple(rows[(number - 1) * SIZE : number * SIZE]), number=number, pages=pages, total=len(rows)
    )


def placing(zone: tzinfo) -> Any:
    """Return a dependency that tells the templates where the page is, and the zone of its times."""

    async def placed(request: Request) -> None:  # async: a thread would set a copy
        place(request)
        _zone.set(zone)

    return placed


def place(request: Request) -> None:
    """Tell the templates where the page is, as the app may be mounted anywhere, and of which model it is."""
    app = request.scope.get("app")
    _model.set(getattr(app.state, "model", None) if isinstance(app, FastAPI) else None)
    below = path_below(request)
    _place.set(("../" * below.count("/") or "./", below.partition("/")[0]))


def path_below(request: Request) -> str:
    """Return the path of a request below the app's root, as it was sent, without a slash before it."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("latin-1").removeprefix(request.scope.get("root_path", "")).lstrip("/")


def html(
    template: str, *, status: int = 200, headers: dict[str, str] = HEADERS, **context: Any
) -> HTMLResponse:
    """Render a template as a page."""
    text = _templates().get_template(template).render(status=status, **context)
    # Half of a surrogate pair, as in a file's name that is not UTF-8, cannot be sent.
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status_code=status, headers=headers)


def unfinished(error: StillReading, *, is_form: bool = False, **known: Any) -> HTMLResponse:
    """Say how far the store is read, instead of a page that would lack something; show what is `known`."""
    headers = HEADERS | {"Retry-After": "2"} | ({} if is_form else AGAIN)
    shown = {"error": error, "is_form": is_form, "manifest": None} | known
    return html("reading.html", status=503, headers=headers, **shown)


def _command() -> str:
    """Return how the command line is called for the model of the page."""
    model = _model.get()
    return f"techner --model {model}" if model else "techner"


@cache
def _templates() -> Environment:
    made = environment("techner.web")
    made.globals["script"] = Markup(SCRIPT)  # noqa: S704 - a file of ours
    made.globals["root"] = lambda: _place.get()[0]
    made.globals["model"] = _model.get
    made.globals["techner"] = _command
    made.globals["part"] = lambda: _place.get()[1]
    made.filters["local"] = _local
    made.filters["cut"] = cut
    made.filters["sentence"] = _sentence
    made.filters["size"] = lambda size: f"{size / 1e6:.1f} MB" if size >= MEGABYTE else f"{size / 1e3:.1f} kB"
    made.filters["counted"] = lambda number, one, many: f"{number} {one if number == 1 else many}"
    return made


def _sentence(error: str) -> Markup:
    """Return what an error says as a sentence, in which commands are marked as such."""
    first, space, rest = error.partition(" ")
    text = (first.capitalize() if first.isalpha() and first.islower() else first) + space + rest
    parts = (text if text.endswith((".", "!", "?")) else f"{text}.").split("`")
    if len(parts) % 2 == 0:  # a backtick by itself is a character like others
        parts = ["`".join(parts)]
    marked = (
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )
    return Markup("").join(marked)


def _local(when: datetime) -> str:
    """Return a time in the zone of the pages, with its name."""
    there = when.astimezone(_zone.get())
    return f"{there:%Y-%m-%d %H:%M} {there.tzname()}"
