"""Two annotations of one text, perhaps by teams that looked for different labels."""

from dataclasses import replace

from techner.core.examples import Example, overlap


def merge(earlier: Example | None, later: Example) -> Example:
    """Return what is known about a text: from `later` for its scope, from `earlier` for all else.

    A span of `earlier` that overlaps one of `later` is dropped: entities do not nest. If the two texts are
    spelt differently, offsets do not carry over and `later` replaces all.
    """
    if earlier is None or later.scope is None or earlier.text != later.text:
        return later
    kept = (
        span
        for span in earlier.spans
        if not later.looked_for(span.label) and not any(overlap(span, other) for other in later.spans)
    )
    scope = None if earlier.scope is None else tuple(sorted({*earlier.scope, *later.scope}))
    return replace(later, spans=tuple(sorted((*kept, *later.spans))), scope=scope)
