"""The report of one delivery, for the people who annotated it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from techner.core.codes import CODES, FILE_CODES
from techner.core.delivery import Finding, QualityReport
from techner.core.examples import Span
from techner.reports.entities import PALE, marked
from techner.reports.render import environment

SHOWN = 20
"""Findings of one code that the page shows; it also says how many there are."""
MAX_TEXT_CHARS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A row as delivered, whatever is wrong with it."""

    text: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How often a label occurs, here and in production's replay memory; shares in per cent."""

    label: str
    count: int
    here: float
    before: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The findings of one code: their number, and the first ones."""

    code: str
    sentence: str
    count: int
    shown: tuple[Finding, ...]


def batch_report(
    report: QualityReport, excerpts: Mapping[int, Excerpt], *, history: Mapping[str, int]
) -> str:
    """Return a self-contained HTML page: counts, then labels compared with history, then the findings."""
    labels = sorted({span.label for excerpt in excerpts.values() for span in excerpt.spans})
    colours = {label: PALE[position % len(PALE)] for position, label in enumerate(labels)}
    return (
        environment()
        .get_template("batch.html")
        .render(
            report=report,
            shares=_shares(report.labels, history),
            parts=(
                ("Faults", _groups(report.issues, report)),
                ("Warnings", _groups(report.warnings, report)),
            ),
            excerpts=excerpts,
            marked=lambda excerpt: Markup(_marked(excerpt, colours)),  # noqa: S704 - escaped there
        )
    )


def shown_rows(report: QualityReport) -> frozenset[int]:
    """Return the rows that the page shows."""
    groups = (*_groups(report.issues, report), *_groups(report.warnings, report))
    return frozenset(issue.row for group in groups for issue in group.shown if issue.row is not None)


def _groups(issues: Iterable[Finding], report: QualityReport) -> tuple[Group, ...]:
    def rank(issue: Finding) -> tuple[bool, int]:
        return issue.row is not None, list(CODES).index(issue.code) if issue.code in CODES else -1

    found = []
    for (_, _), same in groupby(sorted(issues, key=rank), key=rank):
        whole = tuple(same)
        code = whole[0].code
        sentence = CODES[code].sentence if code in CODES else FILE_CODES.get(code, "")
        count = len(whole) + report.left_out.get(code, 0)
        found.append(Group(code=code, sentence=sentence, count=count, shown=whole[:SHOWN]))
    return tuple(found)


def _shares(labels: Mapping[str, int], history: Mapping[str, int]) -> tuple[Share, ...]:
    here, before = sum(labels.values()), sum(history.values())
    return tuple(
        Share(
            label=label,
            count=labels.get(label, 0),
            here=100 * labels.get(label, 0) / here if here else 0.0,
            before=100 * history.get(label, 0) / before if before else None,
        )
        for label in sorted(labels.keys() | history.keys())
    )


def _marked(excerpt: Excerpt, colours: Mapping[str, str]) -> str:
    """Mark the spans that can be shown: those inside the excerpt, and the first of overlapping ones."""
    text = excerpt.text[:MAX_TEXT_CHARS].encode("utf-8", "backslashreplace").decode()
    if text != excerpt.text[:MAX_TEXT_CHARS]:  # half of a pair was escaped, so no offset is right
        return marked(text, (), colours)
    shown: list[Span] = []
    for span in sorted(excerpt.spans):
        if 0 <= span.start < span.end <= len(text) and (not shown or shown[-1].end <= span.start):
            shown.append(span)
    return marked(text, shown, colours)
