"""Texts with their entities marked, by displaCy."""

from collections.abc import Iterable, Mapping
from html import escape

from techner.core.examples import Span
from techner.core.run_documents import EntityChange

PALE = ("#cfe8d5", "#cfe0f5", "#f7e3b5", "#e4d7f5", "#f7d4cf", "#cdeaea", "#e9e4c3", "#f3d5e6")
"""Dark text on each of them has a contrast above 10:1."""


def marked(text: str, spans: Iterable[Span], colours: Mapping[str, str]) -> str:
    """Return `text` as HTML with its entities marked; text and labels come from batches and are escaped."""
    from spacy import displacy

    # displaCy escapes the text, but not the label in the page and in its colour table.
    ents = [{"start": span.start, "end": span.end, "label": escape(span.label)} for span in sorted(spans)]
    options = {"colors": {escape(label).upper(): colour for label, colour in colours.items()}}
    return displacy.render(
        {"text": text, "ents": ents, "title": None}, style="ent", manual=True, jupyter=False, options=options
    )


def label_colours(changes: Iterable[EntityChange]) -> dict[str, str]:
    """Give each label that is shown a pale colour, the same on the whole page."""
    labels = sorted(
        {span.label for change in changes for spans in change.readings.values() for span in spans}
    )
    return {label: PALE[position % len(PALE)] for position, label in enumerate(labels)}
