"""How what is wrong with a row is said: short, quoted, and in UTF-8."""

from collections.abc import Iterator

from techner.formats import Fault

MAX_DETAIL_CHARS = 300


Faults = Iterator[Fault]


def quoted(text: str, *, chars: int = 40) -> str:
    """Quote a piece of a delivery, shortened: one span may be a whole page."""
    return repr(text if len(text) <= chars else f"{text[:chars]}…")


def writable(detail: str) -> str:
    """Shorten a detail and escape what UTF-8 cannot write: it may quote half of a surrogate pair."""
    if len(detail) > MAX_DETAIL_CHARS:
        detail = f"{detail[:MAX_DETAIL_CHARS]}…"
    return detail.encode("utf-8", "backslashreplace").decode()
