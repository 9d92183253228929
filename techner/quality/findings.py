"""What was found in the rows of a batch: every row is flagged, and the first findings are kept in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from techner.core.codes import CODES
from techner.core.delivery import Finding
from techner.core.policy import QualityPolicy
from techner.formats import Fault
from techner.quality.fault import writable

MAX_LISTED = 1000
"""Findings of one code that are kept in words: a million would take gigabytes, and are not read."""
MAX_LISTED_OF_ROW = 30


@dataclass(slots=True)
class Findings:
    """Which rows have which code, and the first findings in words."""

    flagged: dict[str, set[int]] = field(default_factory=dict)
    """Code → the rows that have it, all of them."""
    listed: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Code → how often it was found."""
    _of_row: Counter[int] = field(default_factory=Counter)
    _listed: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, fault: Fault) -> None:
        code = fault.code
        self.counts[code] += 1
        rows = self.flagged.get(code)
        if rows is None:
            rows = self.flagged[code] = set()
        rows.add(number)
        if self._listed[code] >= MAX_LISTED or self._of_row[number] >= MAX_LISTED_OF_ROW:
            return
        self._listed[code] += 1
        self._of_row[number] += 1
        suggestion = None if fault.suggestion is None else writable(fault.suggestion)
        self.listed.append(
            Finding(row=number, code=code, detail=writable(fault.detail), suggestion=suggestion)
        )

    def sort(self) -> None:
        self.listed.sort(key=lambda issue: (issue.row or 0, issue.code))

    def shorten(self, code: str, most: int) -> None:
        """Keep at most `most` findings of a code in words: the others say the same."""
        said = 0
        kept = []
        for issue in self.listed:
            said += issue.code == code
            if issue.code != code or said <= most:
                kept.append(issue)
        self.listed = kept
        self._listed[code] = min(said, most)

    def rows_of_only(self, code: str, policy: QualityPolicy) -> set[int]:
        """Return the rows that are set aside for one code alone."""
        others = [
            rows for one, rows in self.flagged.items() if one != code and policy.severity(one) == "critical"
        ]
        return self.flagged.get(code, set()).difference(*others)

    def critical_rows(self, policy: QualityPolicy) -> set[int]:
        """Return the rows that are set aside."""
        return set().union(
            *(rows for code, rows in self.flagged.items() if policy.severity(code) == "critical")
        )

    @property
    def left_out(self) -> dict[str, int]:
        """Code → findings that are not listed."""
        return {
            code: count - self._listed[code]
            for code, count in sorted(self.counts.items())
            if count > self._listed[code]
        }

    def all_critical(self, policy: QualityPolicy) -> list[Finding]:
        """Return the critical findings by row; of those not listed, one per row and code."""
        found = [issue for issue in self.listed if policy.severity(issue.code) == "critical"]
        listed = {(issue.row, issue.code) for issue in found}
        found += [
            Finding(row=row, code=code, detail=f"expected: {CODES[code].sentence}")
            for code, rows in self.flagged.items()
            if policy.severity(code) == "critical"
            for row in rows
            if (row, code) not in listed
        ]
        return sorted(found, key=lambda issue: (issue.row or 0, issue.code))

    def codes_of(self, number: int, policy: QualityPolicy) -> Iterator[str]:
        """Yield the critical codes of a row, including those that are not listed."""
        for code, rows in self.flagged.items():
            if number in rows and policy.severity(code) == "critical":
                yield code
