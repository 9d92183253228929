"""The first line of a table, which names its columns."""

import csv
import re
from collections.abc import Collection
from typing import NamedTuple

from techner.formats.rows import ShapeError

_BYTES = 1000


class Header(NamedTuple):
    """How the lines of a table are cut, and which columns have the names that were asked for."""

    cut: str
    raw: bytes
    columns: tuple[int, ...]
    others: tuple[int, ...] = ()
    """Columns whose names match `maybe`."""

    def cells(self, line: bytes) -> list[str]:
        """Cut a line; raises UnicodeDecodeError, and ShapeError if a quote is not closed."""
        text = line.decode().rstrip("\r\n")
        if self.cut in ",;":
            try:
                return next(csv.reader([text], delimiter=self.cut, strict=True), [])
            except csv.Error as error:
                raise ShapeError(f"a line cannot be cut into columns ({error})") from error
        return text.split("\t") if self.cut == "\t" else text.split()


def header_of(
    data: bytes, cuts: str, *needed: Collection[str], maybe: re.Pattern[str] | None = None
) -> Header | None:
    """Return the header that names one column of each kind, and any number of `maybe`; otherwise None."""
    raw = data[:_BYTES].split(b"\n", 1)[0].rstrip(b"\r")
    for cut in cuts:
        names = [name.strip(' "').lower() for name in raw.decode("utf-8", "replace").split(cut)]
        found = [[at for at, name in enumerate(names) if name in kind] for kind in needed]
        if all(len(places) == 1 for places in found):
            others = [at for at, name in enumerate(names) if maybe and maybe.fullmatch(name)]
            return Header(cut, raw, tuple(places[0] for places in found), tuple(others))
    return None
