"""What every page is sent with."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from techner.reports import environment

HEADERS = {
    # No script, no network: even a text that was not escaped could do nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# The page comes from the store: in an origin of its own it could do nothing in Airflow's name.
REPORT_HEADERS = HEADERS | {"Content-Security-Policy": f"{HEADERS['Content-Security-Policy']}; sandbox"}

RUN_HEADERS = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'; frame-src 'self'"
    )
}
"""Of the page of a run, which has a form, and the report in a frame."""


def html(
    template: str, *, status: int = 200, headers: dict[str, str] = HEADERS, **context: Any
) -> HTMLResponse:
    """Render a template as a page."""
    text = environment("techner.web").get_template(template).render(status=status, **context)
    return HTMLResponse(text, status_code=status, headers=headers)


def home(request: Request) -> str:
    """Return the way from a page to the overview: the app may be mounted anywhere."""
    within = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    return "../" * (within.count("/") - 1) or "./"
