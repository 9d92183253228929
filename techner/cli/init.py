"""`techner init`: the origin and the reference set."""

import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from techner.cli.examples import read_gold, read_mixed
from techner.cli.talk import console, now, person, training_bar
from techner.core.errors import ModelError
from techner.core.examples import Example
from techner.settings import load_settings

STARTER = "starter"


def init(
    base: Annotated[
        str,
        typer.Option(
            help="An installed package, a folder, a .whl or .tar.gz of a spaCy pipeline, or `starter`."
        ),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="JSONL of the old domain: rows with entities are gold, rows without get silver labels."
        ),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(help="JSONL that only scores the new labels; else a share of the batches does."),
    ] = None,
) -> None:
    """Make the origin version and the reference set of a store, once."""
    from techner.stages.initialise import initialise

    settings = load_settings()
    gold, silver = _reference(reference, base)
    with base_folder(base) as folder:
        version = initialise(
            settings.open_store(),
            folder,
            base=Path(base).name,
            gold=gold,
            silver_texts=silver,
            holdout=read_gold(holdout) if holdout else (),
            who=person(),
            when=now(),
        )
    console.print(f"origin [bold]{version}[/] made from {base} in {settings.store}; production names it")
    typer.echo(version)


@contextmanager
def base_folder(base: str) -> Iterator[Path]:
    """Yield the folder of a base model, however it was named; raises ModelError that names all four ways."""
    with TemporaryDirectory(prefix="techner-base-") as scratch:
        path = Path(base)
        if base == STARTER:
            from techner.starter import train_starter

            with training_bar("training the starter") as on_step:
                train_starter(Path(scratch) / STARTER, on_step=on_step)
            yield Path(scratch) / STARTER
        elif path.is_file():
            yield _pipeline_below(_unpack(path, Path(scratch)), base)
        elif path.is_dir():
            yield _pipeline_below(path, base)
        elif base.isidentifier() and (spec := find_spec(base)) and spec.submodule_search_locations:
            yield _pipeline_below(Path(spec.submodule_search_locations[0]), base)
        else:
            raise ModelError(
                f"no base model {base!r}. Give an installed package (`en_core_web_lg`, once installed), "
                "a folder that spaCy can load, a .whl or .tar.gz of a spaCy package, or `starter`: a small "
                "pipeline trained here and now"
            )


def _unpack(archive: Path, into: Path) -> Path:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                wheel.extractall(into)  # noqa: S202 - zipfile keeps members inside the folder
        elif not hasattr(tarfile, "data_filter"):
            raise ModelError(
                "unpacking an archive safely needs Python 3.11.4 or newer; give a folder instead"
            )
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(into, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise ModelError(f"cannot unpack {archive}: {error}") from error
    return into


def _pipeline_below(folder: Path, base: str) -> Path:
    """Find the pipeline: packages keep it some folders down."""
    found = sorted(folder.rglob("config.cfg"), key=lambda path: len(path.parts))
    if not found:
        raise ModelError(f"{base!r} holds no spaCy pipeline: there is no config.cfg in it")
    return found[0].parent


def _reference(path: Path | None, base: str) -> tuple[list[Example], list[str]]:
    """Return gold examples and texts to label; without a file, the project's own general corpus."""
    if path is None:
        from techner.starter import corpus_examples

        general = corpus_examples("general")
        # Its labels are the starter's; another base model labels the texts by its own scheme.
        return (list(general), []) if base == STARTER else ([], [example.text for example in general])
    return read_mixed(path)
