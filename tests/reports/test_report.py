"""The report of a judged night: it explains the verdict, and nothing in it can do harm."""

import re

from techner.core.delivery import BatchRef
from techner.core.examples import Span
from techner.core.manifest import FileEntry
from techner.core.run_documents import ChangeKind, Changes, Corpus, EntityChange, Gone, Judged, ScoringSet
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.reports import run_report

HOSTILE = "<script>alert(1)</script>"
ENTRY = FileEntry(path="x", sha256="0" * 64, size_bytes=1)
PERSON = Span(0, 5, "PERSON")
CHECK = Check(
    name="pretrained micro F1",
    against=Against.ORIGIN,
    rule="lost at most 0.005, with 95 % confidence",
    baseline=0.8102,
    candidate=0.8011,
    low=-0.0123,
    high=-0.0042,
    margin=0.005,
    support=1084,
    state=CheckState.FAILED,
)


def page(change: EntityChange | None = None, *, label: str = "PERSON", text: str = "David uses TLS") -> str:
    change = change or EntityChange(
        part=ScoringSet.REGRESSION,
        kind=ChangeKind.LOST,
        is_annotated=True,
        text=text,
        span=Span(0, 5, label),
        readings={
            "gold": (Span(0, 5, label),),
            "origin": (Span(0, 5, label),),
            "production": (Span(0, 5, label),),
            "candidate": (Span(11, 14, "PROTOCOL"),),
        },
    )
    corpus = Corpus(
        batches=(BatchRef(name=f"{HOSTILE}.jsonl", digest="0" * 64),),
        admissions=(),
        train=ENTRY,
        rehearsal=ENTRY,
        memory=ENTRY,
        holdout=ENTRY,
        scoring=ENTRY,
        counts={"new": 3},
        gone=(Gone(batch=BatchRef(name=f"{HOSTILE} gone", digest="1" * 64), why="it was removed"),),
    )
    counts = {f"{part} {kind}": 0 for part in ("regression", "holdout") for kind in ("lost", "gained")}
    changes = Changes(
        counts=counts | {"regression lost": 7}, shown=(change,), by_label={label: {"regression lost": 7}}
    )
    return run_report(Judged(verdict=Verdict(checks=(CHECK,)), scores=()), corpus, changes, number=3)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"</?bdi>", "", html)).split())


def test_each_check_shows_what_was_compared_and_what_was_allowed() -> None:
    shown = text_of(page())
    assert (
        "failed pretrained micro F1 lost 0.0091 against the origin (0.8102 → 0.8011), 0.005 allowed "
        "lost at most 0.005, with 95 % confidence; 1084 gold spans "
        "-0.0091, interval -0.0123 … -0.0042; allowed from -0.0050 on"
    ) in shown


def test_a_number_of_the_table_leads_to_its_sentences() -> None:
    (place,) = re.findall(r'<a href="#(changes-\d+)">7</a>', page())
    assert f'<h4 id="{place}"><bdi>PERSON</bdi>, lost</h4>' in page()


def test_a_lost_entity_is_shown_old_beside_new() -> None:
    shown = text_of(page())
    assert "Regression set: 7 lost, the first 1 of them" in shown
    assert "PERSON “David” lost, annotated" in shown
    assert "origin David PERSON uses TLS candidate David uses TLS PROTOCOL" in shown


def test_production_is_shown_only_where_it_reads_otherwise_than_the_origin() -> None:
    assert "<dt>production</dt>" not in page()
    change = EntityChange(
        part=ScoringSet.HOLDOUT,
        kind=ChangeKind.GAINED,
        is_annotated=False,
        text="David",
        span=PERSON,
        readings={"gold": (), "origin": (), "production": (PERSON,), "candidate": (PERSON,)},
    )
    assert "<dt>production</dt>" in page(change)


def test_text_and_labels_of_batches_are_escaped() -> None:
    for html in (page(text=HOSTILE), page(label=HOSTILE)):
        assert "<script" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_each_label_has_a_colour_that_dark_text_can_be_read_on() -> None:
    from techner.reports.entities import PALE

    marks = re.findall(r'class="entity" style="background: ([^;]+);', page())
    assert len(set(marks)) == 2
    assert set(marks) <= set(PALE)
    assert all(_contrast("#1c1e21", colour) >= 10 for colour in PALE)


def _contrast(dark: str, light: str) -> float:
    """Contrast of two colours as WCAG 2 defines it."""
    low, high = sorted(map(_luminance, (dark, light)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
