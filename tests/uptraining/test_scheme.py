"""The label scheme moves: labels come, change their name, and go, whichever strategy taught them."""

from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.examples import Example, Span
from techner.core.policy import SchemePolicy, TrainingPolicy
from techner.core.scheme import example_today
from techner.starter import slot_examples
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.pipeline import load_pipeline, new_labels, predict, pretrained_labels
from tests.world import once, tech_batch

TRAIN = tech_batch(0, 120)
REHEARSAL = slot_examples("general", 80, seed=3)
CORPUS = TrainingCorpus(train=TRAIN, rehearsal=REHEARSAL)
POLICY = TrainingPolicy(epochs=4, batch_words=100, learning_rate=0.004)
BRIEF = replace(POLICY, epochs=1, learning_rate=1e-6)  # keeps what it inherits, and next to nothing else
KEPT = {"extend": 0.8, "blend": 0.6}
MOVES = SchemePolicy(renamed={"PROTOCOL": "WIRE_PROTOCOL"}, retired=("HARDWARE",))
MOVED = {"PROTOCOL", "HARDWARE"}
TEXTS = [example.text for example in TRAIN]

pytestmark = pytest.mark.long


@pytest.fixture(scope="session", params=["extend", "blend"])
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def production(base_model: Path, strategy: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    policy = replace(POLICY, strategy=strategy)
    return once(
        tmp_path_factory, f"scheme-{strategy}", lambda out: make_candidate(base_model, CORPUS, policy, out)
    )


def found(folder: Path) -> list[set[Span]]:
    return [set(spans) for spans in predict(load_pipeline(folder), TEXTS)]


def share_found(before: list[set[Span]], after: list[set[Span]]) -> float:
    return sum(len(b & a) for b, a in zip(before, after, strict=True)) / sum(map(len, before))


@pytest.fixture(scope="session")
def moved(
    production: Path, base_model: Path, strategy: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return what a night makes of `production` once one of its labels is renamed and another retired."""
    corpus = TrainingCorpus(
        train=tuple(example_today(example, MOVES) for example in TRAIN), rehearsal=REHEARSAL
    )
    # extend keeps what it inherits and needs to learn next to nothing; blend learns it again.
    policy = replace(BRIEF if strategy == "extend" else POLICY, strategy=strategy)
    return once(
        tmp_path_factory,
        f"moved-{strategy}",
        lambda out: make_candidate(production, corpus, policy, out, origin=base_model, scheme=MOVES),
    )


def test_a_renamed_label_keeps_what_was_learnt_of_it(production: Path, strategy: str, moved: Path) -> None:
    labels = {*new_labels(load_pipeline(moved)), *pretrained_labels(load_pipeline(moved))}
    assert "WIRE_PROTOCOL" in labels
    assert "PROTOCOL" not in labels
    before = [
        {replace(span, label="WIRE_PROTOCOL") for span in spans if span.label == "PROTOCOL"}
        for spans in found(production)
    ]
    assert any(before)
    assert share_found(before, found(moved)) > KEPT[strategy]


def test_a_retired_label_is_gone_and_the_others_stay(production: Path, strategy: str, moved: Path) -> None:
    labels = {*new_labels(load_pipeline(moved)), *pretrained_labels(load_pipeline(moved))}
    assert "HARDWARE" not in labels
    assert any(span.label == "HARDWARE" for spans in found(production) for span in spans)
    after = found(moved)
    assert not any(span.label == "HARDWARE" for spans in after for span in spans)
    before = [{span for span in spans if span.label not in MOVED} for spans in found(production)]
    assert share_found(before, after) > KEPT[strategy]


def test_a_label_that_first_appears_tonight_leaves_the_others_known(
    production: Path, base_model: Path, strategy: str, tmp_path: Path
) -> None:
    texts = [f"The {place} board runs on a Zynq." for place in ("first", "second", "third", "fourth") * 5]
    chips = tuple(
        Example(text, (Span(text.index("Zynq"), text.index("Zynq") + 4, "CHIP"),), scope=("CHIP",))
        for text in texts
    )
    known = tuple(sorted({span.label for example in TRAIN for span in example.spans}))
    earlier = tuple(replace(example, scope=known) for example in TRAIN)
    corpus = TrainingCorpus(train=(*earlier, *chips), rehearsal=REHEARSAL)
    made = make_candidate(
        production, corpus, replace(POLICY, strategy=strategy), tmp_path / "out", origin=base_model
    )
    assert set(made.new_labels) == {*known, "CHIP"}
    assert share_found(found(production), found(tmp_path / "out")) > 0.4
    spans = predict(load_pipeline(tmp_path / "out"), texts)
    assert sum(any(span.label == "CHIP" for span in row) for row in spans) > 0.8 * len(texts)


def test_batches_that_skip_a_label_do_not_unteach_it(
    production: Path, base_model: Path, strategy: str, tmp_path: Path
) -> None:
    half = tuple(replace(example, scope=("HARDWARE",)).only(frozenset({"HARDWARE"})) for example in TRAIN)
    whole = TrainingCorpus(train=half, rehearsal=REHEARSAL)
    policy = replace(POLICY, strategy=strategy)
    make_candidate(production, whole, policy, tmp_path / "scoped", origin=base_model)
    wrong = TrainingCorpus(train=tuple(replace(eg, scope=None) for eg in half), rehearsal=REHEARSAL)
    make_candidate(production, wrong, policy, tmp_path / "unscoped", origin=base_model)
    before = [{span for span in spans if span.label == "PROTOCOL"} for spans in found(production)]
    scoped, unscoped = (share_found(before, found(tmp_path / name)) for name in ("scoped", "unscoped"))
    assert scoped > unscoped + 0.1
