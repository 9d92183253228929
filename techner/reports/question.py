"""The question to a person in Airflow, in Markdown."""

from techner.core.run_documents import Judged
from techner.core.verdict import Check
from techner.reports.render import markdown_line


def question(judged: Judged, address: str) -> str:
    """Return what the gate could not decide: the reason, failed and open checks, and a link to the report."""
    lines = [
        f"The gate could not decide. {markdown_line(judged.verdict.reason)}.",
        "",
        "| check | against | state | gold spans | rule |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += map(_row, judged.verdict.unpassed)
    lines += [
        "",
        f"[What was lost and gained]({address})",
        "",
        "To publish, give a reason: it is kept with the version. Without one you are asked again.",
        "If another night is promoted first, this one cannot be published: its batches are judged again.",
    ]
    return "\n".join(lines)


def _row(check: Check) -> str:
    name, rule = markdown_line(check.name), markdown_line(check.rule)
    return f"| {name} | {check.against} | {check.state} | {check.support} | {rule} |"
