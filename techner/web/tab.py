"""The tab of techner on a run in Airflow, which offers it on the runs of every DAG."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute

from techner.core.errors import RegistryError
from techner.runs.judgements import find_judged
from techner.store import Store, Stored
from techner.web.begun import look_at_begun
from techner.web.pages import html
from techner.web.reading import Reading


def make_tab_pages(
    reading: Callable[[], Reading], dag_ids: Collection[str], routes: type[APIRoute]
) -> APIRouter:
    """Make the page behind the tab: it leads to the page of a night, and says calmly where there is none."""
    pages = APIRouter(include_in_schema=False, route_class=routes)

    @pages.head("/tab/{dag_id}/{run_id}")
    @pages.get("/tab/{dag_id}/{run_id}")
    def tab(dag_id: str, run_id: str) -> Response:
        if dag_id not in dag_ids:
            return html("tab.html", dag_id=dag_id)
        here = reading()
        if not is_known_run(here.store, run_id, skip=here.is_of_another(run_id)):
            return html("tab.html", dag_id=None)
        return Response(status_code=303, headers={"Location": f"../../run/{quote(run_id, safe='')}"})

    return pages


def is_known_run(store: Store, run_id: str, *, skip: Callable[[Stored], bool] | None = None) -> bool:
    """Tell whether a run has a page: it was judged, or has begun. `skip` is that of `find_judged`."""
    try:
        find_judged(store, run_id, skip=skip)
    except RegistryError:
        return look_at_begun(store, run_id, datetime.now(UTC)) is not None
    return True
