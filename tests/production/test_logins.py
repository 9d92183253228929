"""Who may do what in the composition, whose users and roles are those of the FAB auth manager."""

import re
import subprocess
from collections.abc import Callable
from functools import cache
from http import HTTPStatus

import httpx
import pytest

from techner.registry import Registry
from tests.production.conftest import FirstNight
from tests.production.servers import SECRET
from tests.production.stack import CENTRE, INITIALISE, Stack

pytestmark = [pytest.mark.production, pytest.mark.timeout(1800)]
PLUGINS = "/api/v2/plugins"
USERS, ROLES = "/auth/fab/v1/users", "/auth/fab/v1/roles"
BROWSER = {"Accept": "text/html"}
READING = {"see", "read texts", "download"}
ALL = READING | {"act", "start", "answer"}
OWN = {
    "Starts": [("can_read", "Website"), ("can_read", "DAGs"), ("can_create", "DAG Runs")],
    "Starts and edits": [
        *(("can_read", on) for on in ("Website", "DAGs")),
        *(("can_edit", "DAGs"), ("can_create", "DAG Runs")),
    ],
    "Counts": [("can_read", "Website"), ("can_read", "DAGs")],
    "Downloads": [("can_read", "Website"), ("can_read", "DAGs"), ("can_read", "XComs")],
    "Others": [("can_read", "Website"), ("can_read", "Plugins")],
}
"""Roles that a team makes for itself, with what they may do."""
MEANT = {
    HTTPStatus.OK,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,  # a run that has ended
    HTTPStatus.UNPROCESSABLE_ENTITY,  # an empty form
}
Login = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def login(stack: Stack) -> Login:
    """Return what logs in a user of a role; both are made first, as an admin does it."""
    for name, allowed in OWN.items():
        actions = [{"action": {"name": action}, "resource": {"name": on}} for action, on in allowed]
        stack.client.post(ROLES, json={"name": name, "actions": actions}).raise_for_status()

    @cache
    def user_of(role: str) -> str:
        name = f"{role.lower().replace(' ', '-')}-1"  # there is an `admin` already
        person = {"username": name, "first_name": name, "last_name": name, "email": f"{name}@localhost"}
        made = stack.client.post(USERS, json=person | {"password": SECRET, "roles": [{"name": role}]})
        made.raise_for_status()
        return name

    return lambda role: stack.log_in(user_of(role))


def allowed(stack: Stack, client: httpx.Client, run_id: str) -> set[str]:
    """Return what the pages let somebody do; what has no form behind it is refused in another way."""
    version, _ = Registry(stack.store).production()
    asked = {
        "see": ("GET", "/techner/models"),
        "read texts": ("GET", f"/techner/report/{version}"),
        "download": ("GET", f"/techner/v1/versions/{version}/files/meta.json"),
        "act": ("POST", f"/techner/act/rollback/{version}"),
        "start": ("POST", "/techner/start"),
        "answer": ("POST", f"/techner/run/{run_id}"),
    }
    answers = {what: client.request(*how, data={}).status_code for what, how in asked.items()}
    assert set(answers.values()) <= MEANT, answers
    return {what for what, status in answers.items() if status != HTTPStatus.FORBIDDEN}


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("Viewer", READING),
        ("User", ALL),
        ("Op", ALL),
        ("Admin", ALL),
        ("Starts", {"see"}),
        ("Starts and edits", {"see", "act", "start"}),
        ("Counts", {"see"}),
        ("Downloads", {"see", "download"}),
        ("Others", set()),
    ],
)
def test_a_role_of_fab_may_do_what_the_documents_say(
    stack: Stack, first_night: FirstNight, login: Login, role: str, may: set[str]
) -> None:
    with login(role) as client:
        assert allowed(stack, client, first_night.run_id) == may


@pytest.mark.parametrize("role", ["Viewer", "User"])
def test_airflows_navigation_shows_the_pages_to(login: Login, role: str) -> None:
    with login(role) as client:
        views = [
            view["name"] for one in client.get(PLUGINS).json()["plugins"] for view in one["external_views"]
        ]
    assert "techner" in views


def test_a_second_start_changes_no_password(stack: Stack) -> None:
    again = stack.environment(CENTRE) | {"AIRFLOW_ADMIN_PASSWORD": "another one"}
    subprocess.run(INITIALISE, env=again, check=True, capture_output=True, cwd=stack.folder)
    stack.log_in("admin").close()


def test_a_browser_without_a_login_is_led_to_one_and_back(stack: Stack) -> None:
    with httpx.Client(base_url=stack.address, follow_redirects=True, headers=BROWSER) as visit:
        form = visit.get("/techner/models")
        [token] = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
        login = {"username": "admin", "password": SECRET, "csrf_token": token}
        answer = visit.post(form.url, data=login)
        assert answer.status_code == HTTPStatus.OK
        assert answer.url.path == "/techner/models", answer.url
