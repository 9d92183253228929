"""Findings grouped for people: by code, and within it those that say the same."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from techner.core.codes import CODES, FILE_CODES
from techner.core.delivery import Finding

_PLACE = re.compile(r"\[\d+, \d+")
ROWS = 12
"""Numbers of rows that are listed for one fault."""
SAID = 20
"""Different faults of one code that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameFault:
    """One fault, and the rows that have it."""

    detail: str
    suggestion: str | None
    rows: tuple[int, ...]
    """The first of them; empty for a fault of the whole batch."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultGroup:
    """The faults of one code."""

    code: str
    sentence: str
    """What was expected."""
    count: int
    said: tuple[SameFault, ...]
    """The most frequent first."""
    unsaid: int
    """How many other faults of this code are not listed."""


def fault_groups(findings: Iterable[Finding], left_out: Mapping[str, int]) -> tuple[FaultGroup, ...]:
    """Group findings by code, those of the whole batch first, then the most frequent.

    `left_out` counts those that are not listed, also of codes of which none is.
    """
    by_code: dict[str, list[Finding]] = {code: [] for code in left_out}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    groups = [_group(code, found, left_out.get(code, 0)) for code, found in by_code.items()]
    return tuple(sorted(groups, key=lambda group: (_is_of_rows(group), -group.count)))


def _is_of_rows(group: FaultGroup) -> bool:
    return not group.said or any(same.rows for same in group.said)


def _group(code: str, findings: list[Finding], left_out: int) -> FaultGroup:
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((_anywhere(finding.detail), _anywhere(finding.suggestion or "")), []).append(finding)
    said = [_same(*words, found) for words, found in alike.items()]
    said.sort(key=lambda same: -same.count)
    unsaid = sum(same.count for same in said[SAID:]) + left_out
    sentence = CODES[code].sentence if code in CODES else FILE_CODES.get(code, "")
    return FaultGroup(
        code=code, sentence=sentence, count=len(findings) + left_out, said=tuple(said[:SAID]), unsaid=unsaid
    )


def _anywhere(words: str) -> str:
    """Return what is said without the offsets: the same fault stands at another place in each text."""
    return _PLACE.sub("[…", words)


def _same(detail: str, suggestion: str, found: list[Finding]) -> SameFault:
    if len(found) == 1:
        detail, suggestion = found[0].detail, found[0].suggestion or ""
    rows = sorted(one.row for one in found if one.row is not None)
    return SameFault(detail=detail, suggestion=suggestion or None, rows=tuple(rows[:ROWS]), count=len(found))
