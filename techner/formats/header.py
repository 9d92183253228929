"""The first line of a table, which names its columns."""

import csv
from collections.abc import Collection
from typing import NamedTuple

from techner.formats.rows import ShapeError

_BYTES = 1000


class Header(NamedTuple):
    """How the lines of a table are cut, and which columns have the names that were asked for."""

    cut: str
    raw: bytes
    columns: tuple[int | None, ...]

    def cells(self, line: bytes) -> list[str]:
        """Cut a line; raises UnicodeDecodeError, and ShapeError if a quote is not closed."""
        text = line.decode().rstrip("\r\n")
        if self.cut in ",;":
            try:
                return next(csv.reader([text], delimiter=self.cut, strict=True), [])
            except csv.Error as error:
                raise ShapeError(f"a line cannot be cut into columns ({error})") from error
        return text.split("\t") if self.cut == "\t" else text.split()


def header_of(data: bytes, cuts: str, *needed: Collection[str], maybe: Collection[str] = ()) -> Header | None:
    """Return the header that names one column of each kind, and at most one of `maybe`; otherwise None."""
    raw = data[:_BYTES].split(b"\n", 1)[0].rstrip(b"\r")
    for cut in cuts:
        names = [name.strip(' "').lower() for name in raw.decode("utf-8", "replace").split(cut)]
        *found, perhaps = ([at for at, name in enumerate(names) if name in kind] for kind in (*needed, maybe))
        if all(len(places) == 1 for places in found) and len(perhaps) <= 1:
            return Header(cut, raw, (*(places[0] for places in found), perhaps[0] if perhaps else None))
    return None
