"""Versions and files over HTTP, as the description of the API promises."""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as hypothesis_settings

from techner.core.errors import SettingsError
from techner.registry.blobs import blob_key
from techner.registry.versions import manifest_key
from techner.settings import Settings
from techner.store import FolderStore, MemoryStore, Store
from techner.web import create_app
from techner.web.standalone import create_app_alone

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py
TOKEN = "a-secret-of-the-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def api(filled: Filled, client: Client) -> TestClient:
    return client(filled.store)


@pytest.fixture
def file_url(filled: Filled) -> str:
    return f"/v1/versions/{filled.production}/files/ner/model"


def test_alias_says_where_it_points_by_whom_and_why(api: TestClient, filled: Filled) -> None:
    answer = api.get("/v1/aliases/production").json()
    assert (answer["version"], answer["number"], answer["who"]) == (filled.production, 3, "airflow:schedule")


def test_manifest_is_given_byte_for_byte(api: TestClient, filled: Filled) -> None:
    answer = api.get(f"/v1/versions/{filled.production}/manifest")
    assert answer.content == filled.store.get(manifest_key(filled.production))


@pytest.mark.parametrize(
    "thing", ["aliases/production", "versions/{}/manifest", "versions/{}/files/ner/model"]
)
def test_what_the_client_has_is_not_sent_again(api: TestClient, filled: Filled, thing: str) -> None:
    url = f"/v1/{thing.format(filled.production)}"
    etag = api.get(url).headers["ETag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        answer = api.get(url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
    assert api.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_file_is_given_with_its_digest(api: TestClient, filled: Filled) -> None:
    for path, data in filled.model.items():
        answer = api.get(f"/v1/versions/{filled.production}/files/{path}")
        assert answer.content == data
        assert answer.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-0", slice(0, 1)), ("bytes=1000-1999", slice(1000, 2000)), ("bytes=-5", slice(-5, None))],
)
def test_part_of_a_file(api: TestClient, filled: Filled, file_url: str, asked: str, part: slice) -> None:
    answer = api.get(file_url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, filled.model["ner/model"][part])


def test_part_of_another_file_than_the_client_began_is_the_whole(
    api: TestClient, filled: Filled, file_url: str
) -> None:
    answer = api.get(file_url, headers={"Range": "bytes=5-", "If-Range": '"of yesterday"'})
    assert (answer.status_code, answer.content) == (200, filled.model["ner/model"])


def test_part_behind_the_end_is_refused(api: TestClient, file_url: str) -> None:
    assert api.get(file_url, headers={"Range": "bytes=99999999-"}).status_code == 416


def test_head_says_the_size_alone(api: TestClient, filled: Filled, file_url: str) -> None:
    answer = api.head(file_url)
    assert answer.headers["Content-Length"] == str(len(filled.model["ner/model"]))
    assert answer.content == b""


def test_archive_is_the_download_of_the_page(api: TestClient, filled: Filled) -> None:
    archive = api.get(f"/v1/versions/{filled.production}/archive")
    assert archive.status_code == 200
    assert archive.content == api.get(f"/download/{filled.production}").content


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_damaged_file_is_refused_before_its_first_byte(
    api: TestClient, filled: Filled, file_url: str, damage: str
) -> None:
    key = blob_key(hashlib.sha256(filled.model["ner/model"]).hexdigest())
    if damage == "altered":
        filled.store.put(key, b"evil")
    else:
        filled.store.delete(key)
    answer = api.get(file_url)
    assert answer.status_code == 500
    assert f"ner/model: blob {key.rpartition('/')[2]}" in answer.json()["detail"]


@pytest.mark.parametrize(
    "url", ["aliases/nobody", "versions/0009-0123456789abcdef/manifest", "versions/{}/files/no/such"]
)
def test_what_is_not_there_is_said_as_json(api: TestClient, filled: Filled, url: str) -> None:
    answer = api.get(f"/v1/{url.format(filled.production)}")
    assert answer.status_code == 404
    assert answer.json()["detail"]


def test_redirect_where_the_store_presigns(
    s3_store: Store, fill: Callable[[Store], Filled], client: Client
) -> None:
    filled = fill(s3_store)
    url = f"/v1/versions/{filled.production}/files/ner/model?presigned=true"
    answer = client(s3_store).get(url, follow_redirects=False)
    assert answer.status_code == 307
    assert httpx.get(answer.headers["Location"]).content == filled.model["ner/model"]


def test_bytes_where_the_store_does_not_presign(api: TestClient, filled: Filled, file_url: str) -> None:
    assert api.get(f"{file_url}?presigned=true").content == filled.model["ner/model"]


def test_description_lists_the_api_alone_below_its_prefix(filled: Filled) -> None:
    outer = create_app(MemoryStore)
    outer.mount("/techner", create_app(lambda: filled.store))
    found = TestClient(outer).get("/techner/openapi.json").json()
    assert found["servers"] == [{"url": "/techner"}]
    assert {path.split("/")[1] for path in found["paths"]} == {"v1"}


@pytest.fixture
def alone(fill: Callable[[Store], Filled], tmp_path: Path) -> tuple[Any, Filled]:
    """Return the app as `techner serve` runs it, and what is in its store."""
    filled = fill(FolderStore(tmp_path / "store"))
    settings = Settings(store=str(tmp_path / "store"), cache=tmp_path / "cache", token=TOKEN)  # type: ignore[arg-type]
    return create_app_alone(settings), filled


@pytest.mark.parametrize(
    "sent", [None, "Bearer wrong", f"Bearer {TOKEN}x", "Bearer é", f"Basic {TOKEN}", "Bearer"]
)
@pytest.mark.parametrize("path", ["/", "/v1/aliases/production", "/openapi.json"])
def test_alone_nothing_is_said_without_the_token(
    alone: tuple[Any, Filled], path: str, sent: str | None
) -> None:
    headers = {"Authorization": sent.encode()} if sent else {}
    assert TestClient(alone[0]).get(path, headers=headers).status_code == 401


def test_alone_the_token_opens(alone: tuple[Any, Filled]) -> None:
    answer = TestClient(alone[0], headers=BEARER).get("/v1/aliases/production")
    assert answer.json()["version"] == alone[1].production


@pytest.mark.parametrize("token", [None, "", "short"])
def test_alone_does_not_start_without_a_good_token(token: str | None) -> None:
    with pytest.raises(SettingsError, match="TECHNER_TOKEN"):
        create_app_alone(Settings(token=token))  # type: ignore[arg-type]


@pytest.mark.parametrize("names", ["any", "known"])
def test_api_keeps_what_its_description_promises(alone: tuple[Any, Filled], names: str) -> None:
    app, filled = alone
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=BEARER)
    there = {"alias": "production", "version": filled.production, "path": "ner/model"}
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        known = {name: value for name, value in there.items() if f"{{{name}}}" in operation.path}

        @seed(1)
        @hypothesis_settings(max_examples=4, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(path_parameters=known if names == "known" else None))
        def ask(case: Any) -> None:
            answer = case.call_and_validate(headers=BEARER)
            answered.setdefault(case.operation.path, set()).add(answer.status_code)

        ask()
    assert len(answered) == 4
    assert all((200 if names == "known" else 404) in codes for codes in answered.values())
