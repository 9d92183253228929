"""The page that starts a night: what is wrong with its form is said before a run exists (ADR 36)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.errors import BatchError, OptionsError, RegistryError
from techner.core.policy import TrainingPolicy
from techner.core.run_options import RunOptions, limits_of, read_options, strategies
from techner.inbox.choice import choose, may_be_named
from techner.inbox.survey import BatchState, survey
from techner.settings import Settings
from techner.store import Store
from techner.web.forms import Fields, has_token, make_token, read_fields
from techner.web.pages import RUN_HEADERS, html

KEPT = timedelta(hours=1)
"""How long a form can be sent: by then, batches and settings may be others."""
_RUN = re.compile(r"manual__(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+00:00)")


class Scheduler(Protocol):
    """What runs the nights, as the logged-in person may use it."""

    @property
    def who(self) -> str | None:
        """Who may start a night, as it is kept; None for one who may not."""

    def is_paused(self) -> bool:
        """Tell whether no run begins before somebody unpauses it."""

    def start(self, run_id: str, conf: Mapping[str, Any]) -> None:
        """Start a night in the person's name; raises RegistryError with what the scheduler refuses."""

    def address(self, run_id: str) -> str | None:
        """Return where the scheduler shows a run; None if it does not know it."""

    def times(self, run_id: str) -> tuple[tuple[str, float], ...]:
        """Return the seconds that each task of a run took, in order; none where that is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """What the page needs to start nights."""

    scheduler: Callable[..., Scheduler]
    """A FastAPI dependency."""
    secret: Callable[[], bytes]
    """Signs the forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartView:
    """What the page shows."""

    batches: tuple[BatchState, ...]
    """Those that can be ticked."""
    others: int
    """How many cannot."""
    training: TrainingPolicy
    given: Mapping[str, object] = field(default_factory=dict)
    """What was sent, to be corrected."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Sentences by field; under the empty name what is wrong with the whole form."""


def make_start_pages(
    open_store: Callable[[], Store],
    settings: Callable[[], Settings],
    starting: Starting | None,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the page; without `starting` it says how to start a night elsewhere."""
    pages = APIRouter(include_in_schema=False, route_class=routes)
    scheduler: Callable[..., Scheduler | None] = starting.scheduler if starting else lambda: None
    secret: Callable[[], bytes] = starting.secret if starting else lambda: b""
    Runs = Annotated[Scheduler | None, Depends(scheduler)]  # noqa: N806 - a type

    def survey_now() -> tuple[Settings, tuple[BatchState, ...]]:
        now = settings()
        return now, survey(open_store(), now.policies, cache=now.cache)

    def page(runs: Scheduler | None, status: int = 200, started: str = "", **told: Any) -> HTMLResponse:
        now, states = survey_now()
        fit = tuple(state for state in states if may_be_named(state))
        view = StartView(batches=fit, others=len(states) - len(fit), training=now.training, **told)
        run_id = f"manual__{datetime.now(UTC).isoformat(timespec='microseconds')}"
        return html(
            "start.html",
            status=status,
            headers=RUN_HEADERS,
            view=view,
            run_id=run_id,
            who=runs.who if runs else None,
            token=make_token(secret(), "start", run_id, runs.who) if runs and runs.who else None,
            is_paused=runs.is_paused() if runs else None,
            started=started,
            address=runs.address(started) if runs and started else None,
            limits={name: limits_of(name) for name in ("seed", "epochs")},
            strategies=strategies(),
        )

    @pages.head("/start")
    @pages.get("/start")
    def show(runs: Runs, run: str = "") -> HTMLResponse:
        # Only what the scheduler knows is said to be started: anybody can make a link to this page.
        is_known = runs is not None and _RUN.fullmatch(run) is not None and runs.address(run) is not None
        return page(runs, started=run if is_known else "")

    @pages.post("/start")
    def start(runs: Runs, form: Annotated[Fields, Depends(read_fields)]) -> Response:
        if runs is None or runs.who is None:
            return page(runs, status=403, problems={"": "You may look, but not start a night."})
        given = _given(form)
        sent = {name: form.get(name, [""])[-1] for name in ("run", "token")}
        run_id = sent["run"]
        token = make_token(secret(), "start", run_id, runs.who)
        if error := _fault(run_id, is_ours=has_token(sent, token)):
            return page(runs, status=422, given=given, problems={"": error})
        try:
            runs.start(run_id, _checked(given, lambda: survey_now()[1]).as_conf())
        except OptionsError as refused:
            return page(runs, status=422, given=given, problems=refused.problems)
        except RegistryError as refused:
            return page(runs, status=409, given=given, problems={"": str(refused)})
        return Response(status_code=303, headers={"Location": f"?run={run_id.replace('+', '%2B')}"})

    return pages


def _given(form: Fields) -> dict[str, object]:
    """Return what was chosen, as `read_options` reads it; unknown fields stay, and are refused there."""
    known = {name: values[-1] for name, values in form.items() if name not in ("batches", "run", "token")}
    return known | {"batches": form.get("batches", [])}


def _checked(given: Mapping[str, object], states: Callable[[], tuple[BatchState, ...]]) -> RunOptions:
    """Return what was chosen; raises OptionsError, also for batches that cannot be used."""
    options = read_options(given)
    try:
        choose(states(), options.batches)
    except BatchError as refused:
        raise OptionsError({"batches": str(refused)}) from refused
    return options


def _fault(run_id: str, *, is_ours: bool) -> str:
    """Return what is wrong with the form itself; the empty string if nothing is."""
    made = _RUN.fullmatch(run_id)
    if not is_ours or made is None:
        return "This form is of another login, or was cut. Look at it, then start again."
    if datetime.now(UTC) - datetime.fromisoformat(made[1]) > KEPT:
        return "This form is more than an hour old. Look at it again: batches and settings may be others now."
    return ""
