"""Downloads and reports of single versions."""

import gzip
import hashlib
import io
import random
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from techner.core.errors import Busy, IntegrityError, StoreError
from techner.core.eviction import EvictionPolicy
from techner.registry import Registry
from techner.registry.blobs import blob_key, save_bytes
from techner.registry.eviction import evict
from techner.registry.fetch import fetch
from techner.registry.packing import packed
from techner.registry.workspace import Workspace
from techner.store import MemoryStore
from techner.web.archive import Archives
from techner.web.cached_file import CachedFile
from tests.waiting import until

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py


def test_report_is_shown_as_it_was_recorded(filled: Filled, client: Client) -> None:
    answer = client(filled.store).get(f"/report/{filled.production}")
    assert (answer.status_code, answer.text) == (200, "<!doctype html><title>night 2</title>")


def test_version_without_a_report_says_so(filled: Filled, client: Client) -> None:
    answer = client(filled.store).get(f"/report/{filled.origin}")
    assert answer.status_code == 404
    assert "has no report" in answer.text


def test_download_is_an_archive_of_the_very_files(filled: Filled, client: Client) -> None:
    answer = client(filled.store).get(f"/download/{filled.production}")
    assert answer.status_code == 200
    name = f"techner-{filled.production}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.tar.gz"'
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:gz") as archive:
        found = {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
        }
    assert found == {f"{name}/{path}": data for path, data in filled.model.items()}


def test_download_gives_the_same_bytes_again(filled: Filled, client: Client) -> None:
    page = client(filled.store)
    first, second = (page.get(f"/download/{filled.production}").content for _ in range(2))
    assert first == second


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_download_of_a_damaged_version_is_refused_before_the_first_byte(
    filled: Filled, damage: str, client: Client
) -> None:
    key = blob_key(hashlib.sha256(filled.model["ner/model"]).hexdigest())
    if damage == "altered":
        filled.store.put(key, filled.model["ner/model"][:-1] + b"!")
    else:
        filled.store.delete(key)
    answer = client(filled.store).get(f"/download/{filled.production}")
    assert answer.status_code == 500
    assert f"ner/model: blob {key.rpartition('/')[2]}" in answer.text


@pytest.mark.parametrize("page", ["download", "report"])
@pytest.mark.parametrize("version", ["0009-0123456789abcdef", "..", "x" * 300, "production\r\nX: y"])
def test_unknown_version_is_not_found(filled: Filled, page: str, version: str, client: Client) -> None:
    answer = client(filled.store).get(f"/{page}/{quote(version).replace('.', '%2E')}")
    assert answer.status_code == 404
    if version != "..":  # the client itself takes that one as the folder above
        assert "No version or alias" in answer.text


@contextmanager
def listening(filled: Filled, archives: Archives, cache: Path) -> Iterator[str]:
    """Serve archives on a loopback port; yields the address of production's."""
    app = FastAPI()

    @app.get("/archive")
    def archive() -> Response:
        files = Registry(filled.store).manifest(filled.production).files
        return archives.answer(Workspace(store=filled.store, cache=cache), filled.production, files)

    @app.exception_handler(Busy)
    def busy(request: Request, error: Busy) -> Response:
        del request
        return Response(str(error), status_code=503)

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, what="the server listens")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/archive"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def large(filled: Filled) -> Filled:
    """Return a store whose production is larger than what a connection holds while its reader sleeps."""
    manifest = Registry(filled.store).manifest(filled.production)
    data = random.Random(0).randbytes(24_000_000)  # noqa: S311 - bytes that do not shrink
    made = replace(manifest, files=(save_bytes(filled.store, data, path="vectors"),))
    return replace(filled, production=Registry(filled.store).create(made))


def hang_up(address: str) -> None:
    with httpx.stream("GET", address, timeout=60) as answer:
        assert answer.status_code == 200
        next(answer.iter_raw())


def test_readers_that_hang_up_leave_nothing_but_the_blobs_and_give_their_places_back(
    large: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    with listening(large, Archives(1), tmp_path / "cache") as address:
        for _ in range(5):
            until(lambda: httpx.get(address, timeout=60).status_code == 200, what="the place is free again")
            hang_up(address)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path.name for path in (tmp_path / "cache" / "blobs").iterdir()] == [
        entry.sha256 for entry in Registry(large.store).manifest(large.production).files
    ]


def test_more_archives_than_there_are_places_for_are_refused(large: Filled, tmp_path: Path) -> None:
    with (
        listening(large, Archives(2), tmp_path) as address,
        httpx.stream("GET", address, timeout=60),
        httpx.stream("GET", address, timeout=60),
    ):
        refused = httpx.get(address, timeout=60)
    assert (refused.status_code, refused.text) == (
        503,
        "other archives are being sent; try again in a few seconds",
    )


def test_a_reader_that_takes_nothing_loses_its_place(large: Filled, tmp_path: Path) -> None:
    with listening(large, Archives(1, stall_s=0.2), tmp_path) as address, httpx.stream("GET", address):
        until(lambda: httpx.get(address, timeout=60).status_code == 200, what="the place is free again")


def test_an_answer_that_is_dropped_before_it_is_sent_gives_its_place_back(
    filled: Filled, tmp_path: Path
) -> None:
    archives, files = Archives(1), Registry(filled.store).manifest(filled.production).files
    for _ in range(2):  # its request is cancelled while the blobs are fetched
        archives.answer(Workspace(store=filled.store, cache=tmp_path), filled.production, files)


def test_a_blob_that_changes_while_it_is_sent_breaks_the_archive_off(filled: Filled, tmp_path: Path) -> None:
    files = Registry(filled.store).manifest(filled.production).files
    fetch(filled.store, files, cache=tmp_path)
    blob = tmp_path / "blobs" / next(entry.sha256 for entry in files if entry.path == "ner/model")
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    sent = io.BytesIO()
    with pytest.raises(IntegrityError, match="ner/model changed in the cache"):
        sent.writelines(packed(files, blobs=tmp_path / "blobs", root="model", fetch=lambda _: None))
    with pytest.raises(EOFError):
        gzip.decompress(sent.getvalue())


def test_what_is_sent_is_not_evicted_until_it_is_sent(filled: Filled, tmp_path: Path) -> None:
    files = Registry(filled.store).manifest(filled.production).files
    workspace = Workspace(store=filled.store, cache=tmp_path, eviction=EvictionPolicy(max_bytes=1))
    for make in (
        lambda: Archives().answer(workspace, filled.production, files),
        lambda: CachedFile(workspace, files[0]),
    ):
        answer = make()
        evict(tmp_path, workspace.eviction)
        assert (tmp_path / "blobs" / files[0].sha256).exists()
        del answer
    evict(tmp_path, workspace.eviction)
    assert not list((tmp_path / "blobs").iterdir())


def test_what_goes_before_it_is_sent_is_fetched_again(filled: Filled, tmp_path: Path) -> None:
    app, files = FastAPI(), Registry(filled.store).manifest(filled.production).files
    workspace = Workspace(store=filled.store, cache=tmp_path)

    def emptied(answer: Response) -> Response:
        for blob in (tmp_path / "blobs").iterdir():  # somebody who knows of no lease
            blob.unlink()
        return answer

    @app.get("/archive")
    def archive() -> Response:
        return emptied(Archives().answer(workspace, filled.production, files))

    @app.get("/file")
    def file() -> Response:
        return emptied(CachedFile(workspace, files[0]))

    server = TestClient(app)
    assert gzip.decompress(server.get("/archive").content)
    assert hashlib.sha256(server.get("/file").content).hexdigest() == files[0].sha256


def test_a_busy_server_says_when_to_ask_again(filled: Filled, client: Client) -> None:
    class Down(MemoryStore):
        def get(self, key: str) -> bytes:
            raise StoreError(f"no answer for {key}")

    answer = client(Down()).get(f"/download/{filled.production}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
