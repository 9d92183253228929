"""Texts with their entities marked, for pages that have neither script nor spaCy."""

from collections.abc import Iterable, Mapping
from html import escape

from techner.core.examples import Span
from techner.core.run_documents import EntityChange

PALE = ("#cfe8d5", "#cfe0f5", "#f7e3b5", "#e4d7f5", "#f7d4cf", "#cdeaea", "#e9e4c3", "#f3d5e6")
"""Dark text on each of them has a contrast above 10:1."""


def marked(text: str, spans: Iterable[Span], colours: Mapping[str, str]) -> str:
    """Return `text` as HTML with its entities marked; text and labels come from batches and are escaped.

    Of spans that overlap, the first is marked. Not by displaCy: the pages have to do without spaCy.
    """
    pieces, at = [], 0
    for span in sorted(spans):
        if span.start < at:
            continue
        words, label = escape(text[span.start : span.end]), escape(span.label)
        colour = colours.get(span.label, PALE[0])
        pieces.append(escape(text[at : span.start]))
        pieces.append(f'<mark class="entity" style="background: {colour};">{words} <b>{label}</b></mark>')
        at = span.end
    return "".join([*pieces, escape(text[at:])])


def label_colours(changes: Iterable[EntityChange]) -> dict[str, str]:
    """Give each label that is shown a pale colour, the same on the whole page."""
    labels = sorted(
        {span.label for change in changes for spans in change.readings.values() for span in spans}
    )
    return {label: PALE[position % len(PALE)] for position, label in enumerate(labels)}
