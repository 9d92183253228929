"""Entities lost and gained: which are shown, and with what around them."""

from techner.core.examples import Example, Span
from techner.core.run_documents import Changes
from techner.evaluation.answers import Answers, FrozenSets
from techner.evaluation.changes import CONTEXT_CHARS, SHOWN, find_changes

GOLD, WRONG, NEW = Span(0, 5, "PERSON"), Span(6, 10, "ORG"), Span(11, 14, "PROTOCOL")
TEXT = "David uses TLS"


def changes(
    *,
    before: tuple[Span, ...] = (),
    after: tuple[Span, ...] = (),
    production: tuple[Span, ...] | None = None,
    examples: tuple[Example, ...] = (Example(TEXT, (GOLD,)),),
) -> Changes:
    """Compare systems that answer the same to every text of a regression set."""
    sets = FrozenSets(
        regression=examples,
        holdout=(),
        pretrained=frozenset({"PERSON"}),
        new=frozenset({"PROTOCOL"}),
        known=frozenset({"PROTOCOL"}),
        production_labels=(),
    )
    spans = {"origin": before, "production": before if production is None else production, "candidate": after}
    return find_changes(
        sets,
        {name: Answers(regression=(found,) * len(examples), holdout=()) for name, found in spans.items()},
    )


def test_right_spans_that_were_lost_come_first() -> None:
    shown = changes(before=(WRONG, GOLD), examples=(Example(TEXT), Example(TEXT, (GOLD,)))).shown
    assert (shown[0].kind, shown[0].span, shown[0].is_annotated) == ("lost", GOLD, True)
    assert not any(change.is_annotated for change in shown[1:])


def test_gained_spans_that_nobody_annotated_come_first() -> None:
    shown = changes(after=(GOLD, NEW)).shown
    assert [(change.kind, change.span) for change in shown] == [("gained", NEW), ("gained", GOLD)]


def test_what_production_found_counts_as_found_before() -> None:
    assert [change.kind for change in changes(production=(GOLD,)).shown] == ["lost"]
    assert changes(production=(GOLD,), after=(GOLD,)).shown == ()


def test_a_change_shows_how_each_system_reads_the_text() -> None:
    readings = changes(before=(GOLD, WRONG), after=(GOLD,)).shown[0].readings
    assert readings == {
        "gold": (GOLD,), "origin": (GOLD, WRONG), "production": (GOLD, WRONG), "candidate": (GOLD,)
    }  # fmt: skip


def test_all_changes_are_counted_and_a_bounded_number_is_shown() -> None:
    many = changes(before=(GOLD,), after=(NEW,), examples=(Example(TEXT, (GOLD,)),) * (SHOWN + 5))
    assert many.counts["regression lost"] == many.counts["regression gained"] == SHOWN + 5
    assert len(many.shown) == 2 * SHOWN


def test_a_long_text_is_cut_around_the_change() -> None:
    text = "x " * 5000 + "David" + " y" * 5000
    span = Span(10_000, 10_005, "PERSON")
    shown = changes(before=(span,), examples=(Example(text, (span,)),)).shown[0]
    assert len(shown.text) == 5 + 2 * CONTEXT_CHARS
    assert shown.text[shown.span.start : shown.span.end] == "David"
    assert shown.readings["gold"] == (shown.span,)


def test_all_changes_are_counted_by_label_too() -> None:
    many = changes(before=(GOLD,), after=(NEW,), examples=(Example(TEXT, (GOLD,)),) * (SHOWN + 5))
    assert many.by_label == {
        "PERSON": {"regression lost": SHOWN + 5},
        "PROTOCOL": {"regression gained": SHOWN + 5},
    }
