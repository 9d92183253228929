"""Documents → Markdown and HTML, with templates that escape what they insert."""

import re
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from techner.core.run_documents import ChangeKind, Changes, Corpus, EntityChange, Judged, ScoringSet
from techner.core.verdict import Check
from techner.reports.entities import label_colours, marked
from techner.reports.sentences import check_picture, check_sentence

_DECISION = b'<p id="decision"></p>'
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~])")
_HARMLESS = str.maketrans({"`": "’", "|": "¦"})


@cache
def environment(package: str = "techner.reports") -> Environment:
    """Return the templates of a package and of reports; an unknown name is an error, and HTML is escaped."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("techner.reports")]),
        autoescape=select_autoescape(["html"], default=False),  # Markdown is not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["f1"] = lambda value: "–" if value is None else f"{value:.3f}"
    made.filters["exact"] = lambda value: "–" if value is None else f"{value:+.4f}"
    made.filters["change"] = lambda value: "–" if value is None else f"{value:+.3f}"
    made.filters["interval"] = _interval
    made.filters["code"] = _code
    made.filters["line"] = markdown_line
    made.globals |= {"check_picture": check_picture, "check_sentence": check_sentence}
    return made


def _interval(check: Check) -> str:
    return "–" if check.low is None or check.high is None else f"{check.low:+.4f} … {check.high:+.4f}"


def _code(text: str) -> str:
    """Return untrusted text as Markdown code, in which it is neither markup nor a new cell or line."""
    return f"`{' '.join(text.split()).translate(_HARMLESS)}`"


def markdown_line(text: str) -> str:
    """Return text that holds untrusted words as one line of Markdown, in which nothing is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def run_report(judged: Judged, corpus: Corpus, changes: Changes, *, number: int) -> str:
    """Return the report of a judged night as one self-contained HTML page, the verdict first."""
    colours = label_colours(changes.shown)
    groups: dict[tuple[str, str, str], list[EntityChange]] = {}
    for change in changes.shown:
        groups.setdefault((change.part, change.kind, change.span.label), []).append(change)
    template = environment().get_template("report.html")
    return template.render(
        judged=judged,
        corpus=corpus,
        changes=changes,
        groups=groups,
        places={key: f"changes-{place}" for place, key in enumerate(groups)},
        columns=tuple((part, kind) for kind in ChangeKind for part in ScoringSet),
        number=number,
        marked=lambda text, spans: Markup(marked(text, spans, colours)),  # noqa: S704 - escaped there
    )


def with_decision(page: bytes, words: str) -> bytes:
    """Return the report of a run with what a person decided; one by an older techner has no place for it."""
    told = f'<p id="decision"><strong>{escape(words)}</strong></p>'
    # What people wrote is escaped in the page, so that nobody else can have written this place.
    return page.replace(_DECISION, told.encode(), 1)
