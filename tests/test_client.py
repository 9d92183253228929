"""What a service gets: whole, verified files, or a clear error."""

import subprocess
import sys
from pathlib import Path

import pytest

from techner.client import ModelStore
from techner.core.errors import IntegrityError, UnknownVersion
from techner.registry.aliases import move_alias, production
from techner.registry.blobs import blob_key, file_digest
from techner.stages.run import Run
from tests.world import WHEN, World


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


def test_pull_follows_a_rollback(models: ModelStore, promoted: World) -> None:
    version, manifest = production(promoted.store)
    new = models.pull()
    move_alias(promoted.store, manifest.parent or "", expected=version, who="t", why="t", when=WHEN)
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


def test_two_runs_share_blobs_in_one_cache(models: ModelStore, promoted: World) -> None:
    models.pull()
    before = {path.stat().st_ino for path in (promoted.cache / "blobs").iterdir()}
    with Run(store=promoted.store, id="r", cache=promoted.cache).model(models.manifest().files):
        assert {path.stat().st_ino for path in (promoted.cache / "blobs").iterdir()} == before
