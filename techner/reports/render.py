"""Documents → Markdown and HTML, with templates that escape what they insert."""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from techner.core.run_documents import Changes, Corpus, Judged
from techner.core.verdict import Check
from techner.reports.entities import label_colours, marked

_MARKUP = re.compile(r"([\\`*<>|#\[\]])")
_HARMLESS = str.maketrans({"`": "’", "|": "¦"})


@cache
def environment(package: str = "techner.reports") -> Environment:
    """Return the templates of a package; an unknown name is an error, and HTML is escaped."""
    made = Environment(
        loader=PackageLoader(package),
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
    made.filters["line"] = _line
    return made


def _interval(check: Check) -> str:
    return "–" if check.low is None or check.high is None else f"{check.low:+.4f} … {check.high:+.4f}"


def _code(text: str) -> str:
    """Return untrusted text as Markdown code, in which it is neither markup nor a new cell or line."""
    return f"`{' '.join(text.split()).translate(_HARMLESS)}`"


def _line(text: str) -> str:
    """Return text that holds untrusted words as one line of Markdown."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def run_report(judged: Judged, corpus: Corpus, changes: Changes, *, number: int) -> str:
    """Return the report of a judged night as one self-contained HTML page, the verdict first."""
    colours = label_colours(changes.shown)
    template = environment().get_template("report.html")
    return template.render(
        judged=judged,
        corpus=corpus,
        changes=changes,
        number=number,
        marked=lambda text, spans: Markup(marked(text, spans, colours)),  # noqa: S704 - escaped there
    )
