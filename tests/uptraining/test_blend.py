"""`blend`: one `ner` for all labels, which also learns from corrections of pretrained ones."""

import filecmp
from dataclasses import replace
from pathlib import Path

import pytest
import spacy

from techner.core.errors import ModelError
from techner.core.examples import Example, Span
from techner.core.policy import TrainingPolicy
from techner.core.scores import count, micro, total
from techner.starter import slot_examples
from techner.uptraining import TrainingCorpus, Uptrained, make_candidate
from techner.uptraining.blend import merged_silver
from techner.uptraining.pipeline import load_pipeline, predict, pretrained_labels
from tests.world import TECH, tech_batch

POLICY = TrainingPolicy(strategy="blend", epochs=4, batch_words=100, rehearsal_ratio=2.0)
GENERAL = slot_examples("general", 250, seed=3)
UNSEEN = slot_examples("general", 80, seed=9)
CORPUS = TrainingCorpus(train=tech_batch(0, 120), rehearsal=GENERAL)
# Where it does not matter how much is learnt.
BRIEF = replace(POLICY, epochs=2, rehearsal_ratio=1.0)
SMALL = TrainingCorpus(train=tech_batch(0, 40), rehearsal=GENERAL[:40])

pytestmark = pytest.mark.xdist_group("blend")  # two workers would both train what the tests share


@pytest.fixture(scope="module")
def blended(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("blended") / "model"
    make_candidate(base_model, CORPUS, POLICY, out)
    return out


@pytest.fixture(scope="module")
def brief(base_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Uptrained]:
    out = tmp_path_factory.mktemp("brief") / "model"
    return out, make_candidate(base_model, SMALL, BRIEF, out)


def f1(folder: Path, examples: tuple[Example, ...]) -> float:
    labels = frozenset(span.label for example in examples for span in example.spans)
    found = predict(load_pipeline(folder), [example.text for example in examples])
    rows = (count(eg.spans, spans, labels) for eg, spans in zip(examples, found, strict=True))
    return micro(total(rows)).f1 or 0.0


def test_one_ner_knows_old_and_new_labels(blended: Path, base_model: Path) -> None:
    nlp = load_pipeline(blended)
    assert nlp.pipe_names == ["ner"]
    old = set(pretrained_labels(load_pipeline(base_model)))
    assert set(pretrained_labels(nlp)) == old | {s.label for eg in CORPUS.train for s in eg.spans}


def test_old_entities_are_kept_and_new_ones_learnt(blended: Path, base_model: Path) -> None:
    assert f1(blended, UNSEEN) > f1(base_model, UNSEEN) - 0.05
    assert f1(blended, tech_batch(200, 260)) > 0.2


def test_the_new_labels_are_told_apart_from_the_pretrained_ones(
    brief: tuple[Path, Uptrained], base_model: Path, tmp_path: Path
) -> None:
    folder, made = brief
    assert made.new_labels
    assert set(made.new_labels) <= TECH
    again = make_candidate(folder, SMALL, BRIEF, tmp_path / "next", origin=base_model)
    assert again.new_labels == made.new_labels


def test_the_same_inputs_and_seed_give_the_same_bytes(
    brief: tuple[Path, Uptrained], base_model: Path, tmp_path: Path
) -> None:
    folder, _ = brief
    make_candidate(base_model, SMALL, BRIEF, tmp_path / "again")
    for path in (p.relative_to(folder) for p in folder.rglob("*") if p.is_file()):
        assert filecmp.cmp(folder / path, tmp_path / "again" / path, shallow=False), path


def test_a_correction_of_a_pretrained_label_is_learnt(base_model: Path, tmp_path: Path) -> None:
    texts = [f"{verb} Qwzx in {place} today." for verb in ("Ask", "Meet", "Call") for place in "ABCDEFGH"]
    told = tuple(
        Example(text, (Span(text.index("Qwzx"), text.index("Qwzx") + 4, "PERSON"),), scope=("PERSON",))
        for text in texts
    )
    corpus = TrainingCorpus(train=(*CORPUS.train[:40], *told), rehearsal=GENERAL)
    make_candidate(base_model, corpus, replace(POLICY, rehearsal_ratio=1.0), tmp_path / "m")
    before, after = (
        sum(any(s.label == "PERSON" for s in spans) for spans in predict(load_pipeline(folder), texts))
        for folder in (base_model, tmp_path / "m")
    )
    assert after > before
    assert after > 0.8 * len(texts)


def test_a_pipeline_without_ner_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ModelError, match="use the strategy extend"):
        make_candidate(tmp_path / "blank", CORPUS, POLICY, tmp_path / "out")


def test_production_of_extend_is_a_teacher_and_no_origin(base_model: Path, tmp_path: Path) -> None:
    extended = tmp_path / "extended"
    make_candidate(base_model, SMALL, replace(BRIEF, strategy="extend", epochs=1), extended)
    hardware = tuple(replace(eg, scope=("HARDWARE",)) for eg in SMALL.train)
    corpus = replace(SMALL, train=tuple(eg.only(frozenset({"HARDWARE"})) for eg in hardware))
    made = make_candidate(extended, corpus, replace(BRIEF, epochs=1), tmp_path / "out", origin=base_model)
    assert load_pipeline(tmp_path / "out").pipe_names == ["ner"]
    assert set(made.new_labels) == {span.label for eg in SMALL.train for span in eg.spans}
    with pytest.raises(ModelError, match="starts from its origin"):
        make_candidate(extended, corpus, BRIEF, tmp_path / "refused")


def test_every_night_starts_over_from_the_origin(
    brief: tuple[Path, Uptrained], base_model: Path, tmp_path: Path
) -> None:
    folder, _ = brief
    make_candidate(folder, SMALL, BRIEF, tmp_path / "next", origin=base_model)
    for path in (p.relative_to(folder) for p in (folder / "ner").rglob("*") if p.is_file()):
        assert filecmp.cmp(folder / path, tmp_path / "next" / path, shallow=False), path


def test_a_base_that_blend_made_is_refused_by_extend(
    brief: tuple[Path, Uptrained], base_model: Path, tmp_path: Path
) -> None:
    folder, _ = brief
    with pytest.raises(ModelError, match="starts from its origin"):
        make_candidate(folder, SMALL, replace(BRIEF, strategy="extend"), tmp_path / "out", origin=base_model)


def test_what_annotators_said_is_nothing_does_not_stand_in_productions_way() -> None:
    """The origin calls TLS an ORG, production a PROTOCOL; the annotators looked for ORG and found none."""
    tls = Span(0, 3, "ORG")
    found = merged_silver(
        (tls,), (replace(tls, label="PROTOCOL"),), unsaid=frozenset({"PROTOCOL"}), old=frozenset({"ORG"})
    )
    assert found == (replace(tls, label="PROTOCOL"),)
    both = frozenset({"ORG", "PROTOCOL"})
    assert merged_silver((tls,), (replace(tls, label="PROTOCOL"),), unsaid=both, old=frozenset({"ORG"})) == (
        tls,
    )
