"""Documents → Markdown and HTML, by templates that escape what they insert."""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from techner.core.manifest import Manifest
from techner.core.night import Corpus


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
    return made


def card(manifest: Manifest, counts: Mapping[str, int]) -> str:
    """Model card in Markdown (Mitchell et al. 2019)."""
    return environment().get_template("card.md").render(manifest=manifest, counts=counts)


def origin_card(base: str, labels: tuple[str, ...]) -> str:
    return environment().get_template("origin_card.md").render(base=base, labels=labels)


def report(manifest: Manifest, corpus: Corpus) -> str:
    """Report of a promoted night: the verdict first, one HTML file without network needs."""
    return environment().get_template("report.html").render(manifest=manifest, corpus=corpus)
