"""The question to a person in Airflow, in Markdown."""

import re

from techner.core.run_documents import Judged
from techner.core.verdict import CheckState

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~])")


def question(judged: Judged, address: str) -> str:
    """Return what the gate could not decide: the reason, failed and open checks, and a link to the report."""
    lines = [
        f"The gate could not decide. {_plain(judged.verdict.reason)}.",
        "",
        "| check | against | state | gold spans | rule |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {_plain(check.name)} | {check.against} | {check.state} | {check.support} | {_plain(check.rule)} |"
        for check in judged.verdict.checks
        if check.decisive and check.state is not CheckState.PASSED
    ]
    lines += [
        "",
        f"[What was lost and gained]({address})",
        "",
        "To publish, give a reason: it is kept with the version. Without one you are asked again.",
        "If another night is promoted first, this one cannot be published: its batches are judged again.",
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Escape what Markdown would read as its own; names of labels come from people."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
