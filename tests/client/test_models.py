"""What a service gets: whole, verified files, or a clear error."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from techner.client import ModelStore
from techner.core.errors import IntegrityError, ModelError, StoreError, UnknownVersion
from techner.registry import Registry
from techner.registry.blobs import blob_key, file_digest, save_bytes
from techner.registry.layout import holds_exactly
from techner.runs.run import Run
from techner.store import open_store
from tests.world import STORE, WHEN, World


def promote_broken(world: World) -> str:
    """Promote a version whose files are whole, and no model."""
    version, manifest = Registry(world.store).production()
    files = (save_bytes(world.store, b"[nlp]\nlang = klingon\n", path="config.cfg"),)
    broken = Registry(world.store).create(replace(manifest, number=2, parent=version, files=files))
    Registry(world.store).move(broken, expected=version, who="t", why="t", when=WHEN)
    return broken


@pytest.fixture
def models(promoted: World) -> ModelStore:
    return ModelStore(promoted.store.url, cache=promoted.cache)


def test_pull_gives_exactly_the_files_of_the_manifest(models: ModelStore) -> None:
    folder = models.pull("production")
    found = {p.relative_to(folder).as_posix(): file_digest(p) for p in folder.rglob("*") if p.is_file()}
    assert found == {entry.path: entry.sha256 for entry in models.manifest().files}


def test_load_answers_and_says_its_version(models: ModelStore) -> None:
    nlp = models.load()
    assert nlp.meta["techner_version"] == models.resolve()
    assert nlp("The gateway speaks MQTT.").text


def test_the_cache_may_be_given_as_text(promoted: World) -> None:
    models = ModelStore(promoted.store.url, cache=str(promoted.cache))
    assert models.pull().is_relative_to(promoted.cache)


def test_pull_follows_a_rollback(models: ModelStore, promoted: World) -> None:
    version, manifest = Registry(promoted.store).production()
    new = models.pull()
    Registry(promoted.store).move(manifest.parent or "", expected=version, who="t", why="t", when=WHEN)
    assert models.pull() != new
    assert models.pull(version) == new


def test_a_damaged_file_on_disk_is_fetched_again(models: ModelStore) -> None:
    folder = models.pull()
    (folder / "config.cfg").write_text("broken")
    assert (models.pull() / "config.cfg").read_text() != "broken"


def test_a_stray_file_in_the_folder_is_not_served(models: ModelStore) -> None:
    folder = models.pull()
    (folder / "sitecustomize.py").write_text("evil")
    assert not (models.pull() / "sitecustomize.py").exists()


def test_an_altered_blob_is_refused_and_nothing_is_left_in_its_place(
    models: ModelStore, promoted: World, tmp_path: Path
) -> None:
    entry = models.manifest().files[0]
    promoted.store.put(blob_key(entry.sha256), b"altered")
    fresh = ModelStore(promoted.store.url, cache=tmp_path / "fresh")
    with pytest.raises(IntegrityError, match="altered"):
        fresh.pull()
    assert not list((tmp_path / "fresh" / "models").iterdir())


def test_an_unknown_version_is_an_error_that_says_what_to_do(models: ModelStore) -> None:
    with pytest.raises(UnknownVersion, match="model list"):
        models.pull("9999-0000")


def test_the_client_downloads_without_spacy_airflow_or_numpy(promoted: World, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom techner.client import ModelStore\n"
        f"print(ModelStore({promoted.store.url!r}, cache=Path({str(tmp_path / 'c')!r})).pull())\n"
        "heavy = {'spacy', 'airflow', 'numpy', 'great_expectations', 'pandas'}\n"
        "sys.exit(str(heavy & set(sys.modules) or ''))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert (Path(done.stdout.strip()) / "config.cfg").is_file()


def test_no_request_but_one_list_where_nothing_changed(
    promoted: World, bucket: str, moto_endpoint: str, tmp_path: Path
) -> None:
    there = open_store(f"s3://{bucket}", s3_endpoint=moto_endpoint)
    for entry in promoted.store.list():
        if entry.key.startswith(("aliases/", "versions/", "blobs/")):
            there.create(entry.key, promoted.store.get(entry.key))
    asked: list[str] = []
    boto3.setup_default_session()
    session = boto3._get_default_session()
    session.events.register("before-send.s3", lambda event_name, **_: asked.append(event_name))
    models = ModelStore(there.url, cache=tmp_path / "cache", s3_endpoint=moto_endpoint)
    with models.watch(every_s=3600) as live:
        asked.clear()
        assert not live.refresh()
    assert asked == ["before-send.s3.ListObjectsV2"]


def test_pulled_files_cannot_be_written_by_mistake(models: ModelStore) -> None:
    assert {p.stat().st_mode & 0o222 for p in models.pull().rglob("*") if p.is_file()} == {0}


def test_last_pulled_model_is_loaded_while_the_store_is_down(promoted: World, tmp_path: Path) -> None:
    """A service that starts anew; the store is a disk that is not mounted."""
    version = ModelStore(promoted.store.url, cache=promoted.cache).pull().name
    (tmp_path / STORE).rename(tmp_path / "away")
    assert ModelStore(promoted.store.url, cache=promoted.cache).load().meta["techner_version"] == version


@pytest.mark.usefixtures("moto_endpoint")
def test_store_that_was_never_reached_is_an_error(tmp_path: Path) -> None:
    nobody = ModelStore("s3://bucket/ner", cache=tmp_path, s3_endpoint="http://127.0.0.1:1")
    with pytest.raises(StoreError, match="check TECHNER_S3_ENDPOINT"):
        nobody.pull()


def test_model_that_spacy_cannot_load_is_an_error_that_names_it(models: ModelStore, promoted: World) -> None:
    version = promote_broken(promoted)
    with pytest.raises(ModelError, match=f"{version} does not load: "):
        models.load()


def test_four_processes_pull_into_one_cache(promoted: World, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom techner.client import ModelStore\n"
        "print(ModelStore(sys.argv[1], cache=Path(sys.argv[2])).pull())\n"
    )
    command = [sys.executable, "-c", program, promoted.store.url, str(tmp_path / "c")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {process.communicate()[0] for process in running}
    folder = Path(said.pop().strip())
    assert not said
    assert holds_exactly(folder, Registry(promoted.store).production()[1].files)
    assert not list((tmp_path / "c").rglob("*.partial"))


def test_two_runs_share_blobs_in_one_cache(models: ModelStore, promoted: World) -> None:
    models.pull()
    before = {path.stat().st_ino for path in (promoted.cache / "blobs").iterdir()}
    with Run(store=promoted.store, id="r", cache=promoted.cache).workspace.model(models.manifest().files):
        assert {path.stat().st_ino for path in (promoted.cache / "blobs").iterdir()} == before


def test_downloading_needs_no_fcntl(promoted: World, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['fcntl'] = None\n"  # as on Windows: importing it raises
        "from pathlib import Path\n"
        "from techner.client import ModelStore\n"
        f"print(ModelStore({promoted.store.url!r}, cache=Path({str(tmp_path / 'other')!r})).pull())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).name == Registry(promoted.store).production()[0]
