"""Documents → Markdown and HTML, by templates that escape what they insert."""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from techner.core.manifest import Manifest
from techner.core.night import Changes, Corpus, Judged
from techner.core.verdict import Check
from techner.reports.entities import label_colours, marked


@cache
def environment(package: str = "techner.reports") -> Environment:
    """Templates of a package; an unknown name is an error, and HTML is escaped."""
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
    return made


def _interval(check: Check) -> str:
    return "–" if check.low is None or check.high is None else f"{check.low:+.4f} … {check.high:+.4f}"


def card(manifest: Manifest, counts: Mapping[str, int]) -> str:
    """Model card in Markdown (Mitchell et al. 2019)."""
    return environment().get_template("card.md").render(manifest=manifest, counts=counts)


def origin_card(base: str, labels: tuple[str, ...]) -> str:
    return environment().get_template("origin_card.md").render(base=base, labels=labels)


def report(judged: Judged, corpus: Corpus, changes: Changes, *, number: int) -> str:
    """Report of a judged night: the verdict first, one HTML file without network needs."""
    colours = label_colours(changes.shown)
    template = environment().get_template("report.html")
    return template.render(
        judged=judged,
        corpus=corpus,
        changes=changes,
        number=number,
        marked=lambda text, spans: Markup(marked(text, spans, colours)),  # noqa: S704 - escaped there
    )
