"""The list of runs: the undecided ones, then the decided ones, newest first."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.web.pages import html, paged
from techner.web.reading import Reading
from techner.web.undecided import MOST, undecided


def make_run_list(reading: Callable[[], Reading], routes: type[APIRoute]) -> APIRouter:
    """Make the page that lists runs."""
    pages = APIRouter(include_in_schema=False, route_class=routes)

    @pages.head("/runs")
    @pages.get("/runs")
    def runs(page: str = "1") -> HTMLResponse:
        here = reading()
        _ = here.moved  # a store without an origin has no runs, and says how to begin
        answer = html(
            "runs.html",
            page=paged(here.nights, page),
            running=undecided(here),
            unread=max(0, len(here.begun) - MOST),
            untrusted=here.untrusted_nights,
            versions=here.versions,
        )
        here.known.save(here.store)
        return answer

    return pages
