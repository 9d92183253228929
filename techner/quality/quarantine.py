"""The rows that were set aside: their bytes, every reason, and the certain corrections."""

import base64
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from techner.core.codes import CODES
from techner.core.delivery import Action, QualityReport
from techner.formats import Row
from techner.quality.findings import MAX_LISTED_OF_ROW
from techner.quality.fix import Fixer
from techner.quality.scan import Scan


def quarantined(rows: Iterable[Row], report: QualityReport, scan: Scan) -> Iterator[bytes]:
    """Yield one JSON line for each row that was set aside, or for every row of a rejected batch."""
    reasons: dict[int, list[str]] = {}
    for issue in report.issues:
        if issue.row is not None:
            hint = f"; meant: {issue.suggestion}?" if issue.suggestion else ""
            reasons.setdefault(issue.row, []).append(f"{issue.code}: {issue.detail}{hint}")
    found, policy = scan.findings, scan.rulebook.policy
    aside = found.critical_rows(policy)
    everything = report.action is Action.REJECT
    fixer = Fixer(scan, is_shifted=any(issue.code == "systematic" for issue in report.issues))
    for row in rows:
        if everything or row.number in aside:
            said = reasons.get(row.number, [])
            if row.number in aside and len(said) < MAX_LISTED_OF_ROW:
                codes = {reason.partition(":")[0] for reason in said}
                unsaid = (code for code in found.codes_of(row.number, policy) if code not in codes)
                said = [*said, *(f"{code}: expected: {CODES[code].sentence}" for code in unsaid)]
            yield _line(row, said or ["the whole batch was rejected"], fixer.fixed(row))


@lru_cache(maxsize=8)
def _written(reasons: tuple[str, ...]) -> bytes:
    """Return the reasons of a row as JSON; many rows in succession have the same."""
    return json.dumps(reasons).encode()


def _line(row: Row, reasons: list[str], fixed: dict[str, Any]) -> bytes:
    """Return one row as a JSON line; its bytes, which may be many, are copied as rarely as possible."""
    head = b'{"row": %d, "reasons": %b' % (row.number, _written(tuple(reasons)))
    rest = json.dumps(fixed).encode()[1:]
    return b"".join(
        (head, b', "raw": "', base64.b64encode(row.raw), b'"', b"" if rest == b"}" else b", ", rest, b"\n")
    )
