"""Annotated files that are named on the command line: read, and checked as deliveries are."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from techner.cli.terminal import console
from techner.core.errors import BatchError
from techner.core.policy import QualityPolicy

if TYPE_CHECKING:
    from spacy.language import Language

    from techner.quality.annotated import AnnotatedFile

_MEANT = {
    "duplicate": "are copies of earlier rows",
    "conflict": "have the text of another row, and other spans",
    "misaligned": "have a span that cuts a token, which the model cannot find",
    "span_edge": "have a span with white space at its edge",
    "zero_width": "have a span with an invisible character",
}


def read_file(
    path: Path,
    nlp: "Language",
    policy: QualityPolicy,
    *,
    takes_texts: bool = False,
    noted: frozenset[str] = frozenset(),
) -> "AnnotatedFile":
    """Read and check a file, and say which rows are not used; raises BatchError if it cannot be read."""
    from techner.quality.annotated import Tokenizer, read_annotated
    from techner.uptraining.pipeline import cuts_at_space, tokens

    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error
    tokenizer = Tokenizer(tokenize=lambda text: tokens(nlp, text), cuts_at_space=cuts_at_space(nlp))
    found = read_annotated(
        data, str(path), tokenizer=tokenizer, policy=policy, takes_texts=takes_texts, noted=noted
    )
    _say(found)
    return found


def require_each_once(paths: Iterable[Path]) -> None:
    """Raise BatchError for a file that is given twice: its rows would count twice."""
    given: dict[Path, Path] = {}
    for path in paths:
        if (earlier := given.setdefault(path.resolve(), path)) is not path:
            raise BatchError(f"{path} is {earlier}, which is given already: give each file once")


def read_usable(
    path: Path, nlp: "Language", policy: QualityPolicy, *, takes_texts: bool = False
) -> "AnnotatedFile":
    """Read a file that trains or judges; raises BatchError if too many of its rows are faulty."""
    from techner.quality.annotated import require_usable

    found = read_file(path, nlp, policy, takes_texts=takes_texts)
    require_usable(found, policy)
    return found


def _say(found: "AnnotatedFile") -> None:
    lines = []
    if found.set_aside:
        lines.append(f"{found.rows_set_aside} of {found.read} rows are set aside: {found.reasons}")
    if found.repeated:
        lines.append(f"{found.repeated} rows are copies of earlier ones and are left out")
    if found.passed_over:
        lines.append(f"{found.passed_over} rows that their annotator rejected or skipped are passed over")
    lines += [
        f"{number} rows {_MEANT[code]}; they are used as they are" for code, number in found.noted.items()
    ]
    for line in lines:
        console.print(f"{found.name}: {line}", markup=False)
