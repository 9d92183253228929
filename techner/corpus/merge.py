"""Two annotations of one text, perhaps by teams that looked for other labels."""

from dataclasses import replace

from techner.core.examples import Example, overlap


def merge(earlier: Example | None, later: Example) -> Example:
    """Return what is known of a text: `later` on what it looked for, `earlier` on all else.

    A span of `earlier` that overlaps one of `later` goes: entities do not nest. Offsets do not carry over to
    a text that was written otherwise, so there `later` replaces all.
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
