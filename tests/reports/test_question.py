"""The question to a person in Airflow: what is missing, and where to look."""

from techner.core.run_documents import Judged
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.reports import question

ADDRESS = "/plugin/techner/techner/run/night-1"


def check(name: str, state: CheckState, *, decisive: bool = True) -> Check:
    return Check(
        name=name,
        against=Against.FLOOR,
        rule="at least 0.5",
        baseline=None,
        candidate=None,
        low=None,
        high=None,
        margin=0.5,
        support=3,
        state=state,
        decisive=decisive,
    )


def asked(*checks: Check) -> str:
    return question(Judged(verdict=Verdict(checks=checks), scores=(), made_from={}), ADDRESS)


def test_it_lists_the_open_checks_and_no_other() -> None:
    said = asked(
        check("LANG", CheckState.INSUFFICIENT),
        check("PERSON", CheckState.PASSED),
        check("speed", CheckState.FAILED, decisive=False),
    )
    rows = [line for line in said.splitlines() if line.startswith("|")][2:]
    assert rows == ["| LANG | floor | insufficient | 3 | at least 0\\.5 |"]


def test_it_links_to_what_was_lost_and_gained() -> None:
    assert f"[What was lost and gained]({ADDRESS})" in asked(check("LANG", CheckState.INSUFFICIENT))


def test_a_label_cannot_write_markdown() -> None:
    said = asked(check("A|[x](http://evil)\n# <b>", CheckState.INSUFFICIENT))
    assert "| A\\|\\[x\\]\\(http://evil\\) \\# \\<b\\> |" in said
