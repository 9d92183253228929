"""Airflow as the logged-in person may use it: its own API, in this process, with their login (ADR 36)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Annotated, Any
from urllib.parse import quote

API = "/api/v2/dags"
AIRFLOW = "techner.airflow"
"""Where in a request's scope Airflow's own app is."""
PAGE = 100
"""As many tasks as Airflow sends at once, unless it is configured otherwise."""
_LOGIN = ("authorization", "cookie")
_REFUSED, _BROKEN = 400, 500
_OVER = (None, "success", "failed", "skipped", "upstream_failed", "removed")
"""States of a task that waits for nobody."""


def may(user: Any, dag_id: str, *wanted: tuple[Any, Any]) -> list[bool]:
    """Return whether Airflow's auth manager allows each method on each part of a DAG."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
    from airflow.models.dag import DagModel

    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    ask = get_auth_manager().is_authorized_dag
    return [ask(method=how, access_entity=part, details=details, user=user) for how, part in wanted]


def scheduler_of_person(dag_id: str) -> Callable[..., "AirflowAsPerson"]:
    """Return the dependency that gives each request Airflow with the rights of its person."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, Request

    def scheduler(request: Request, user: Annotated[Any, Depends(get_user)]) -> AirflowAsPerson:
        # Airflow asks the same of the request that starts the night; here it decides whether there is a form.
        (may_start,) = may(user, dag_id, ("POST", DagAccessEntity.RUN))
        return AirflowAsPerson(
            app=request.scope[AIRFLOW],
            login={name: request.headers[name] for name in _LOGIN if name in request.headers},
            dag_id=dag_id,
            who=f"airflow:{user.get_name()}" if may_start else None,
        )

    return scheduler


class AirflowAsPerson:
    """A `techner.web.Scheduler`; its methods are called in threads that wait for the server's own loop."""

    def __init__(self, *, app: Any, login: Mapping[str, str], dag_id: str, who: str | None) -> None:
        self._app, self._login, self._dag, self._who = app, login, f"{API}/{dag_id}", who
        self._dag_id = dag_id

    @property
    def who(self) -> str | None:
        return self._who

    def is_paused(self) -> bool:
        """Tell whether the DAG is paused; raises RegistryError if Airflow does not say."""
        return bool(self._ask("GET", self._dag)["is_paused"])

    def start(self, run_id: str, conf: Mapping[str, Any]) -> None:
        """Trigger the DAG; raises RegistryError with Airflow's own words if it refuses."""
        self._ask("POST", f"{self._dag}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})

    def address(self, run_id: str) -> str | None:
        """Return where Airflow shows a DAG run; None if it has none of this id, or does not show it."""
        from techner_links import airflow_address

        quoted = quote(run_id, safe="")
        status, _ = self._send("GET", f"{self._dag}/dagRuns/{quoted}")
        return airflow_address(f"dags/{self._dag_id}/runs/{quoted}") if status < _REFUSED else None

    def state(self, run_id: str) -> str | None:
        """Return Airflow's word for the state of a DAG run; None if it does not say."""
        status, answer = self._send("GET", f"{self._dag}/dagRuns/{quote(run_id, safe='')}")
        return str(answer["state"]) if status < _REFUSED else None

    def asking(self) -> dict[str, datetime] | None:
        """Return the DAG runs that wait for an answer, each with the time when it asked."""
        path = f"{self._dag}/dagRuns/~/hitlDetails?response_received=false&limit={PAGE}"
        status, answer = self._send("GET", path)
        if status >= _REFUSED:
            return None
        rows = [(row["task_instance"], row["created_at"]) for row in answer["hitl_details"]]
        return {
            task["dag_run_id"]: datetime.fromisoformat(at) for task, at in rows if task["state"] not in _OVER
        }

    def failed(self) -> tuple[str, ...] | None:
        """Return the DAG runs that failed since the last success, newest first, at most a hundred."""
        path = f"{self._dag}/dagRuns?state=success&state=failed&order_by=-run_after&limit={PAGE}"
        status, answer = self._send("GET", path)
        if status >= _REFUSED:
            return None
        return tuple(
            run["dag_run_id"] for run in takewhile(lambda run: run["state"] == "failed", answer["dag_runs"])
        )

    def times(self, run_id: str) -> tuple[tuple[str, float], ...]:
        """Return the seconds that each task took, in the order in which they began; mapped ones together."""
        path = f"{self._dag}/dagRuns/{quote(run_id, safe='')}/taskInstances?order_by=start_date&limit={PAGE}"
        found: dict[str, float] = {}
        seen = total = 0
        while seen == 0 or seen < total:
            status, answer = self._send("GET", f"{path}&offset={seen}")
            tasks = answer["task_instances"] if status < _REFUSED else []
            for task in tasks:
                if task["duration"]:
                    found[task["task_id"]] = found.get(task["task_id"], 0.0) + task["duration"]
            if not tasks:
                break
            seen, total = seen + len(tasks), answer["total_entries"]
        return tuple(found.items())

    def _ask(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> dict[str, Any]:
        from techner.core.errors import Busy, RegistryError

        status, answer = self._send(method, path, json)
        if status < _REFUSED:
            return dict(answer)
        detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
        if status >= _BROKEN:
            raise Busy(f"Airflow could not answer: {detail!s:.300}")
        raise RegistryError(f"Airflow refused: {detail!s:.300}")

    def _send(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Send a request to the app that this one is mounted in; nothing leaves the process."""
        from anyio import from_thread
        from httpx import ASGITransport, AsyncClient

        async def send() -> tuple[int, Any]:
            inside = ASGITransport(app=self._app, raise_app_exceptions=False)
            # By the referer, Airflow notes that a person did it in a page.
            headers = dict(self._login) | {"referer": "http://techner/techner/start"}
            async with AsyncClient(transport=inside, base_url="http://techner", headers=headers) as client:
                answer = await client.request(method, path, json=json)
            is_json = answer.headers.get("content-type", "").startswith("application/json")
            return answer.status_code, answer.json() if is_json else answer.text

        return from_thread.run(send)
