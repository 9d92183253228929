"""`export`: write a version as one file, for use without the store: an archive, or a wheel for pip."""

import json
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from techner.core.errors import ModelError, RegistryError
from techner.core.manifest import FileEntry, Manifest
from techner.registry.cache_folder import cache_errors
from techner.registry.fetch import fetch
from techner.registry.leases import Lease, blob_name
from techner.registry.packing import archive_name, packed
from techner.registry.workspace import Workspace


class Form(StrEnum):
    ARCHIVE = "tar.gz"
    WHEEL = "wheel"


def export(workspace: Workspace, version: str, manifest: Manifest, *, form: Form, into: Path) -> Path:
    """Write a version, verified, to a new file in the folder `into`, and return the file.

    The same version gives the same archive, byte for byte. Raises RegistryError if the file exists,
    IntegrityError for a damaged version, and ModelError if no wheel can be built.
    """
    into.mkdir(parents=True, exist_ok=True)
    with workspace.scratch() as scratch:
        match form:
            case Form.ARCHIVE:
                made = _archive(workspace, scratch, version, manifest)
            case Form.WHEEL:
                with workspace.model(manifest.files) as folder:
                    made = _wheel(folder, scratch, version)
            case _:
                assert_never(form)
        target = into / made.name
        # In a folder of its own: another export must not write to the file that is linked below.
        with TemporaryDirectory(prefix=f".{made.name}-", dir=into) as own:
            copied = Path(own) / made.name
            shutil.copyfile(made, copied)
            try:
                target.hardlink_to(copied)  # whole or not at all, and never over another file
            except FileExistsError as error:
                raise RegistryError(f"{target} already exists; give another folder") from error
    return target


def _archive(workspace: Workspace, scratch: Path, version: str, manifest: Manifest) -> Path:
    name = archive_name(version)
    cache = workspace.cache

    def again(entry: FileEntry) -> None:
        fetch(workspace.store, [entry], cache=cache)

    with cache_errors(cache), Lease(cache, map(blob_name, manifest.files)):
        fetch(workspace.store, manifest.files, cache=cache)
        with (scratch / f"{name}.tar.gz").open("wb") as file:
            file.writelines(packed(manifest.files, blobs=cache / "blobs", root=name, fetch=again))
    return scratch / f"{name}.tar.gz"


def _wheel(folder: Path, scratch: Path, version: str) -> Path:
    meta = json.loads((folder / "meta.json").read_bytes())
    number, _, digest = version.partition("-")
    # Not the name of the base model's own package: pip would replace that.
    name = f"{meta['name']}_techner" if meta.get("name") else "techner"
    arguments = ["--build", "none", "--name", name, "--version", f"{int(number)}+{digest}"]
    _call("spacy", "package", str(folder), str(scratch), *arguments, what="spacy package")
    package = next(path.parent for path in scratch.glob("*/setup.py"))
    # With isolation, build would download setuptools.
    _call("build", "--wheel", "--no-isolation", str(package), what="build")
    return next((package / "dist").glob("*.whl"))


def _call(*arguments: str, what: str) -> None:
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise ModelError(f"{what} made no package: {last}; a wheel needs pip install 'techner[export]'")
