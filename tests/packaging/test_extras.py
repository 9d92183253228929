"""Each extra alone, in an environment without the others, does what it promises (ADR 26)."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from techner.formats import write_examples
from techner.registry.trust import trusted
from techner.store import FolderStore
from tests.packaging.environments import Environment
from tests.world import OPEN_GATE, World, tech_batch

With = Callable[[str], Environment]
SHORTEST = OPEN_GATE | {
    "TECHNER_CORPUS__REHEARSAL_TEXTS": "20",
    "TECHNER_GATE__NEW_FLOOR": "0",
    "TECHNER_GATE__NEW_MARGIN": "1",
    "TECHNER_GATE__MIN_SUPPORT": "1",
    "TECHNER_GATE__RESAMPLES": "200",
    "TECHNER_TRAINING__EPOCHS": "1",
}
BAD = b'{"text": "nginx on Linux", "entities": [[0, 50, "TOOL"]]}\n'
ANNOTATOR_MB = 150
TOKEN = "x" * 16
OLD, NEW = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Point the settings at a store with an origin."""
    monkeypatch.setenv("TECHNER_STORE", world.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(world.cache))
    return world


def run(command: list[str], *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments], env=os.environ | variables, capture_output=True, text=True, check=False
    )


def said(command: list[str], *arguments: str, **variables: str) -> str:
    """Return what a command prints that must succeed."""
    done = run(command, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_client_pulls_a_model_and_names_the_extra_that_loads_it(place: World, environment: With) -> None:
    client = environment("client")
    assert (Path(said(client.techner, "model", "pull")) / "config.cfg").is_file()
    refused = run(client.python, "-c", loading(place))
    assert refused.stderr.endswith("loading a model needs the extra `load`: pip install 'techner[load]'\n")


def test_load_loads_a_model_that_it_pulls(place: World, environment: With) -> None:
    version, words = said(environment("load").python, "-c", loading(place)).split()
    assert version.startswith("0000-")
    assert words == "6"


def loading(place: World) -> str:
    return (
        f"from techner.client import ModelStore\nnlp = ModelStore({place.store.url!r}).load()\n"
        "print(nlp.meta['techner_version'], len(nlp('Ann Lee works at Acme.')))"
    )


def test_annotator_is_small_and_tells_a_good_file_from_a_bad_one(environment: With, tmp_path: Path) -> None:
    annotator = environment("annotator")
    assert 50 < annotator.megabytes < ANNOTATOR_MB
    for name, data, code in (("good", write_examples(tech_batch(0, 20)), 0), ("bad", BAD, 3)):
        (tmp_path / name).write_bytes(data)
        done = run(annotator.techner, "batch", "check", str(tmp_path / name))
        assert done.returncode == code, done.stderr


def test_sign_signs_a_store_with_another_key(place: World, environment: With, tmp_path: Path) -> None:
    for name, key in (("old", OLD), ("new", NEW)):
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.key").write_bytes(private)
        (tmp_path / f"{name}.pub").write_bytes(public)
    signed = FolderStore(tmp_path / "signed")
    for entry in place.store.list():
        trusted(signed, (), OLD).put(entry.key, place.store.get(entry.key))
    old, new = (
        {"TECHNER_STORE": signed.url, "TECHNER_PUBLIC_KEY": str(tmp_path / f"{name}.pub")}
        for name in ("old", "new")
    )
    techner = environment("sign").techner
    assert run(techner, "model", "verify", **new).returncode == 1
    said(techner, "model", "sign", **old, TECHNER_SIGNING_KEY=str(tmp_path / "new.key"))
    said(techner, "model", "verify", **new)


@pytest.mark.usefixtures("place")
def test_export_makes_a_wheel_of_a_model(environment: With, tmp_path: Path) -> None:
    made = said(environment("export").techner, "model", "export", "--form", "wheel", "--to", str(tmp_path))
    assert made.endswith(".whl")
    assert Path(made).is_file()


@pytest.mark.usefixtures("place")
def test_ui_serves_the_page_and_the_api(environment: With) -> None:
    command = [*environment("ui").techner, "serve", "--port", "0"]
    variables = os.environ | {"TECHNER_TOKEN": TOKEN}
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as server:
        lines = iter(server.stderr or ())
        try:
            line = next((line for line in lines if "running on" in line), "it ended before it listened")
            address = re.findall(r"http://127\.0\.0\.1:\d+|$", line)[0]
            with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, base_url=address) as client:
                page, alias = client.get("/"), client.get("/v1/aliases/production")
            is_well = subprocess.run(health_check(address.rpartition(":")[2]), check=False).returncode == 0
        finally:
            server.terminate()
    assert alias.json()["version"] in page.text
    assert is_well
    assert subprocess.run(health_check("1"), capture_output=True, check=False).returncode != 0


def health_check(port: str) -> list[str]:
    """Return the health check of the image that only serves, for a server at another port."""
    dockerfile = (Path(__file__).parents[2] / "Dockerfile").read_text().replace("\\\n", "")
    words: list[str] = json.loads(re.findall(r"(?m)^HEALTHCHECK .*?CMD (\[.*\])$", dockerfile)[0])
    assert "/127.0.0.1/8000 " in words[-1]
    return [word.replace("/8000", f"/{port}") for word in words]


@pytest.mark.long
def test_train_runs_a_night_that_publishes(place: World, environment: With) -> None:
    place.deliver("first.jsonl", tech_batch(0, 20))
    assert "published 0001-" in said(environment("train").techner, "run", "night", **SHORTEST)
