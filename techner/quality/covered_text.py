"""What a record says its spans cover, compared with what its offsets cover: how were they counted?"""

from typing import Any

from techner.formats import Fault, Row
from techner.formats.evidence import same
from techner.quality.fault import Faults, quoted
from techner.quality.offset_shifts import Extent, moves, trimmed
from techner.quality.spans import suggested

MAX_FAULTS = 20
"""Spans of one row that are reported one by one."""

Stated = tuple[int, int, int, Any, str]
"""Place among the entities, offsets, label, and the text that they should cover."""


def covered_faults(row: Row) -> Faults:
    """Yield a fault for each span whose offsets cover another text, with the range that was meant."""
    wrong = _wrong(row)
    if not wrong:
        return
    placed, says = _placed(row.text, wrong)
    for (_, start, end, label, said), better in zip(wrong[:MAX_FAULTS], placed, strict=False):
        found = row.text[max(0, start) : max(0, end)]
        where = f"{quoted(found)} at {start}, the record says {quoted(said)}"
        if not says and _is_stale(found, said):
            yield Fault("stale_text", f"{where}: were its offsets moved?")
        else:
            hint = suggested(row.text, better, label) if better and isinstance(label, str) else None
            yield Fault("covered", f"{where}{says}", hint)
    if len(wrong) > MAX_FAULTS:
        yield Fault(
            "covered", f"{len(wrong) - MAX_FAULTS} more spans of the row do not cover the text they say"
        )


def placed_by_text(row: Row) -> tuple[list[Any], list[str]]:
    """Return the entities, moved if one way of counting puts all on the texts they say, and the moves."""
    wrong = _wrong(row)
    placed, says = _placed(row.text, wrong) if wrong else ([], "")
    if not says:
        return row.entities, []
    entities, fixes = [*row.entities], []
    for (place, start, end, label, _), better in zip(wrong, placed, strict=True):
        if better:
            entities[place] = [*better, label]
            fixes.append(f"offsets {start}-{end} are {better[0]}-{better[1]}")
    return entities, fixes


def _wrong(row: Row) -> list[Stated]:
    """Return the spans that do not cover the text that the record says."""
    if not row.covered or not isinstance(row.text, str) or not isinstance(row.entities, list):
        return []
    wrong: list[Stated] = []
    for place, (entity, said) in enumerate(zip(row.entities, row.covered, strict=False)):
        match entity:
            case [start, end, label] if type(start) is int and type(end) is int and said:
                if not _covers(row.text, (start, end), said):
                    wrong.append((place, start, end, label, said))
    return wrong


def _covers(text: str, where: Extent, said: str) -> bool:
    start, end = where
    return 0 <= start <= end <= len(text) and same(text[start:end], said)


def _is_meant(text: str, where: Extent, said: str) -> bool:
    """Say whether a range covers a text without white space at its edges."""
    return _covers(text, where, said) and trimmed(text, *where) == where


def _placed(text: str, wrong: list[Stated]) -> tuple[list[Extent | None], str]:
    """Return where the spans were meant to be, and the way of counting that fits them all.

    If none fits, return where each span's text occurs exactly once.
    """
    ways: dict[tuple[Extent, ...], str] = {}
    for shift, move in moves(text):
        moved = tuple(move(start, end) for _, start, end, _, _ in wrong)
        if all(_is_meant(text, to, one[4]) for to, one in zip(moved, wrong, strict=True)):
            ways.setdefault(moved, shift.says)
    if len(ways) == 1:
        ((only, says),) = ways.items()
        return [*only], f": {says}"
    return [_only_place(text, said) for *_, said in wrong[:MAX_FAULTS]], ""


def _only_place(text: str, said: str) -> Extent | None:
    at = text.find(said)
    return (at, at + len(said)) if at >= 0 and text.find(said, at + 1) < 0 else None


def _is_stale(found: str, said: str) -> bool:
    """Say whether one text contains the other: the span was moved after its text was recorded."""
    left, right = ("".join(text.split()) for text in (found, said))
    return bool(left and right) and (left in right or right in left)
