"""The model card says what a version is for and what was not measured, in two forms."""

from dataclasses import replace
from typing import Any

import pytest

from techner.core.delivery import BatchRef
from techner.core.manifest import LabelScore, LineagePart, Manifest, Part
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.reports import cards
from techner.reports.card import SHOWN_BATCHES, gaps
from tests.registry.making import manifest

FORMS = ("card.md", "card.html")
HOSTILE = "<script>alert(1)</script>|x`\n# evil"


def score(label: str, **parts: Any) -> LabelScore:
    plain = LabelScore(
        label=label,
        part=Part.NEW,
        support=120,
        origin=None,
        production=0.5,
        candidate=0.625,
        low=0.05,
        high=0.2,
    )
    return replace(plain, **parts)


def check(state: CheckState) -> Check:
    return Check(
        name="new micro F1", against=Against.PRODUCTION, rule="not worse", baseline=0.5, candidate=0.6,
        low=0.0, high=0.2, margin=0.02, support=120, state=state,
    )  # fmt: skip


def night(*, state: CheckState = CheckState.PASSED, **parts: Any) -> Manifest:
    plain = manifest(3)
    lineage = replace(
        plain.lineage,
        batches=(BatchRef(name="first.jsonl", digest="d" * 64),),
        strategy="extend",
        seed=7,
        corpus="corpus digest",
    )
    judged: dict[str, Any] = {
        "parent": "0002-aaaaaaaaaaaaaaaa",
        "origin": "0000-bbbbbbbbbbbbbbbb",
        "new_labels": ("PROTOCOL",),
        "scores": (score("PROTOCOL"), score("PERSON", part=Part.PRETRAINED)),
        "verdict": Verdict(checks=(check(state),)),
        "lineage": lineage,
    }
    return replace(plain, **(judged | parts))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "fact",
    [
        "Intended use", "decisions about people", "PERSON", "PROTOCOL", "first.jsonl", "d" * 64, "0.625",
        "+0.050 … +0.200", "12 new", "Known gaps", "0002-aaaaaaaaaaaaaaaa", "0000-bbbbbbbbbbbbbbbb", "extend",
        "corpus digest", "Checks of the gate: promote",
    ],
)  # fmt: skip
def test_both_forms_tell_every_fact(form: str, fact: str) -> None:
    assert fact in cards(night(), {"new": 12})[form]


@pytest.mark.parametrize("form", FORMS)
def test_an_origin_has_a_card_without_scores(form: str) -> None:
    text = cards(manifest(), {})[form]
    assert "nothing has been trained yet" in text
    assert "Scores" not in text
    assert "never measured: PERSON" in text


def test_nothing_from_a_batch_is_markup() -> None:
    name = BatchRef(name=HOSTILE, digest="d")
    made = night(lineage=replace(night().lineage, batches=(name,)), new_labels=(HOSTILE,), scores=())
    found = cards(made, {})
    assert "<script>" not in found["card.html"]
    assert "`<script>alert(1)</script>¦x’ # evil`" in found["card.md"]
    assert "\n# evil" not in found["card.md"]
    assert r"never measured: PERSON, \<script\>alert\(1\)\</script\>\|x\` \# evil" in found["card.md"]


@pytest.mark.parametrize("form", FORMS)
def test_a_card_lists_the_newest_batches_and_says_how_many_there_are(form: str) -> None:
    batches = tuple(BatchRef(name=f"{at}.jsonl", digest=f"{at:064}") for at in range(SHOWN_BATCHES + 1))
    part = LineagePart(sha256="0" * 64, size_bytes=1, batches=256)
    text = cards(night(lineage=replace(night().lineage, parts=(part,), batches=batches)), {})[form]
    assert f"Learnt from {256 + SHOWN_BATCHES + 1} batches" in text
    assert f"{0:064}" not in text
    assert all(batch.digest in text for batch in batches[1:])


def test_the_same_manifest_gives_the_same_cards() -> None:
    assert cards(night(), {"new": 1}) == cards(night(), {"new": 1})


@pytest.mark.parametrize(
    ("parts", "gap"),
    [
        ({"new_labels": ("PROTOCOL", "RARE")}, "never measured: RARE"),
        (
            {"scores": (score("PROTOCOL", support=29), score("PERSON"))},
            "gold spans, so imprecisely: PROTOCOL (29)",
        ),
        (
            {"scores": (score("PROTOCOL", high=-0.01), score("PERSON"))},
            "significantly lower than before, within what the checks allow: PROTOCOL",
        ),
        ({"state": CheckState.INSUFFICIENT}, "too little evidence: new micro F1 against production"),
    ],
)
def test_a_gap_is_told_where_there_is_one(parts: dict[str, Any], gap: str) -> None:
    assert any(gap in found for found in gaps(night(**parts)))
    assert not any(gap in found for found in gaps(night()))
