"""Annotated files that people name on the command line: read at once, or refused with the row."""

from collections.abc import Iterator
from pathlib import Path

from techner.core.errors import BatchError
from techner.core.examples import Example
from techner.formats import Row


def read_gold(path: Path) -> list[Example]:
    """Read examples; raises BatchError for a row without entities."""
    rows = list(read_rows(path))
    if any(isinstance(row, str) for row in rows):
        raise BatchError(f"{path}: every row needs entities (an empty list where there are none)")
    return [row for row in rows if isinstance(row, Example)]


def read_mixed(path: Path) -> tuple[list[Example], list[str]]:
    """Read examples, and the texts of rows without entities."""
    gold, texts = [], []
    for row in read_rows(path):
        if isinstance(row, Example):
            gold.append(row)
        else:
            texts.append(row)
    return gold, texts


def read_rows(path: Path) -> Iterator[Example | str]:
    """Yield an example for a row with entities, else its text; raises BatchError for a faulty row.

    Rows that their annotator rejected or skipped are passed over.
    """
    from techner.formats import read_rows as read
    from techner.quality.checks import ANSWERS_NOT_TAUGHT

    try:
        _, rows = read(path.read_bytes())
        yield from (_read(row) for row in rows if row.answer not in ANSWERS_NOT_TAUGHT)
    except OSError as error:
        raise BatchError(f"cannot read {path}: {error.strerror}") from error
    except BatchError as error:
        raise BatchError(f"{path}: {error}") from error


def _read(row: Row) -> Example | str:
    from techner.core.policy import QualityPolicy
    from techner.core.scheme import LabelScheme
    from techner.quality.checks import parse_row, scope_faults
    from techner.quality.spans import overlap_faults

    if row.fault is None and row.entities is None and isinstance(row.text, str) and row.text.strip():
        return row.text
    example, faults = parse_row(row, QualityPolicy(), LabelScheme(None))
    if example:
        faults = [*scope_faults(example), *overlap_faults(example)]
    if example is None or faults:
        found = "; ".join(f"{fault.code}: {fault.detail}" for fault in faults)
        raise BatchError(f"row {row.number}: {found}")
    return example
