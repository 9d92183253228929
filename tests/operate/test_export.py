"""A version as one file: an archive, or a wheel."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import spacy

from techner.core.errors import IntegrityError, ModelError, RegistryError
from techner.core.manifest import Manifest
from techner.operate.export import Form, export
from techner.registry.blobs import blob_key, file_digest, save_folder
from techner.registry.workspace import Workspace
from techner.store import MemoryStore
from tests.registry.making import manifest

VERSION = "0012-0123456789abcdef"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(store=MemoryStore(), cache=tmp_path / "cache")


@pytest.fixture
def model(workspace: Workspace, tmp_path: Path) -> Manifest:
    """Return a stored pipeline that finds one word."""
    nlp = spacy.blank("en")
    nlp.meta["name"] = "small"
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PROTOCOL", "pattern": "TLS"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    return manifest(files=save_folder(workspace.store, tmp_path / "model"))


def test_an_archive_holds_one_folder_that_loads(
    workspace: Workspace, model: Manifest, tmp_path: Path
) -> None:
    made = export(workspace, VERSION, model, form=Form.ARCHIVE, into=tmp_path / "new" / "out")
    assert made == tmp_path / "new" / "out" / f"techner-{VERSION}.tar.gz"
    with tarfile.open(made) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert [path.name for path in (tmp_path / "unpacked").iterdir()] == [f"techner-{VERSION}"]
    nlp = spacy.load(tmp_path / "unpacked" / f"techner-{VERSION}")
    assert [ent.label_ for ent in nlp("We use TLS.").ents] == ["PROTOCOL"]


def test_the_same_version_gives_the_same_archive(
    workspace: Workspace, model: Manifest, tmp_path: Path
) -> None:
    one, two = (export(workspace, VERSION, model, form=Form.ARCHIVE, into=tmp_path / name) for name in "ab")
    assert file_digest(one) == file_digest(two)


def test_a_file_that_exists_is_never_overwritten(
    workspace: Workspace, model: Manifest, tmp_path: Path
) -> None:
    made = export(workspace, VERSION, model, form=Form.ARCHIVE, into=tmp_path)
    made.write_bytes(b"precious")
    with pytest.raises(RegistryError, match="already exists"):
        export(workspace, VERSION, model, form=Form.ARCHIVE, into=tmp_path)
    assert made.read_bytes() == b"precious"
    assert not list(tmp_path.glob(".*"))


def test_what_another_export_has_linked_is_not_written_to(
    workspace: Workspace, model: Manifest, tmp_path: Path
) -> None:
    """That one was killed after its file got its name, or is at this very line."""
    theirs = tmp_path / f".techner-{VERSION}.tar.gz.partial"
    (tmp_path / "precious").write_bytes(b"precious")
    theirs.hardlink_to(tmp_path / "precious")
    export(workspace, VERSION, model, form=Form.ARCHIVE, into=tmp_path)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_damaged_version_is_not_exported(workspace: Workspace, model: Manifest, tmp_path: Path) -> None:
    workspace.store.put(blob_key(model.files[0].sha256), b"x")
    with pytest.raises(IntegrityError):
        export(workspace, VERSION, model, form=Form.ARCHIVE, into=tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_wheel_is_installed_by_pip_and_loads_beside_its_base(
    workspace: Workspace, model: Manifest, tmp_path: Path
) -> None:
    made = export(workspace, VERSION, model, form=Form.WHEEL, into=tmp_path / "out")
    assert made.name == "en_small_techner-12+0123456789abcdef-py3-none-any.whl"
    install = [
        "uv",
        "pip",
        "install",
        "--quiet",
        "--offline",
        "--no-deps",
        "--target",
        str(tmp_path / "site"),
    ]
    subprocess.run([sys.executable, "-m", *install, str(made)], check=True)
    program = "import en_small_techner as m; print(*m.load()('We use TLS.').ents)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "site", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "TLS"


def test_what_spacy_cannot_package_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.json").write_text('{"name": "no name for a package"}')
    broken = manifest(files=save_folder(workspace.store, tmp_path / "broken"))
    with pytest.raises(ModelError, match="spacy package made no package"):
        export(workspace, VERSION, broken, form=Form.WHEEL, into=tmp_path / "out")
