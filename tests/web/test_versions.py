"""Downloads and reports of single versions."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from techner.registry.blobs import blob_key

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
        assert "no version or alias" in answer.text
