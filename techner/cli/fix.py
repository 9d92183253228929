"""`techner batch fix`: the rows that were set aside, ready to be corrected and submitted again."""

from pathlib import Path
from typing import Annotated

import typer

from techner.cli.inbox import find, report_of, states
from techner.cli.terminal import console
from techner.core.delivery import BatchMetadata
from techner.core.errors import BatchError
from techner.core.scheme import label_scheme
from techner.documents import parse
from techner.inbox.correction import correction
from techner.inbox.deliveries import METADATA
from techner.inbox.submit import write_metadata
from techner.registry import Registry
from techner.settings import load_settings


def metadata_beside(file: Path) -> BatchMetadata | None:
    """Return the metadata that `batch fix` or a person wrote next to a file."""
    beside = file.with_name(file.name + METADATA)
    return parse(BatchMetadata, beside.read_bytes(), where=str(beside)) if beside.is_file() else None


def fix(
    name: Annotated[str, typer.Argument(help="The name of the batch, as `techner batch list` shows it.")],
    output: Annotated[
        Path | None, typer.Option("--out", help="A file that does not exist yet; default: NAME-fixed.jsonl.")
    ] = None,
) -> None:
    """Write the rows that were set aside, with certain corrections made, to a file to edit and submit."""
    settings = load_settings()
    store = settings.open_store()
    state = find(states(settings), name)
    report = report_of(state, settings)
    scheme = label_scheme(Registry(store).production()[1].pretrained_labels, settings.policies)
    made = correction(store, report, scheme)
    path = output or Path(f"{Path(state.ref.name).stem}-fixed.jsonl")
    files = {path: made.lines}
    if made.metadata:
        files[path.with_name(path.name + METADATA)] = write_metadata(made.metadata)
    _write_all(files)
    console.print(
        f"{made.corrected} rows corrected with certainty, {made.open} to correct, "
        f"{made.left_out} left out (copies, texts that score, rejected by their annotator)"
    )
    console.print(f"check the file, then: techner batch submit {path}", markup=False)
    typer.echo(str(path))


def _write_all(files: dict[Path, bytes]) -> None:
    """Write new files, all or none: rows without their metadata would not be taken for a correction."""
    begun: list[Path] = []
    try:
        for path, data in files.items():
            with path.open("xb") as file:
                begun.append(path)
                file.write(data)
    except BaseException as error:  # Ctrl-C too
        for path in begun:
            path.unlink()
        if isinstance(error, OSError):
            raise BatchError(
                f"cannot write {error.filename or begun[-1]}: {error.strerror}; give another file with --out"
            ) from error
        raise
