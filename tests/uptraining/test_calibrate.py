"""How readily the trained component speaks is set where it does most good and no harm."""

from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.pipeline import EntityRecognizer

from techner.core.examples import Span
from techner.starter import slot_examples
from techner.uptraining.calibrate import (
    LEAST,
    OFFSETS,
    Covered,
    calibrate,
    covered_spans,
    offset_of,
    set_offset,
)
from techner.uptraining.pipeline import component_entities, load_pipeline, ner

TEXTS = [example.text for example in slot_examples("tech", 60, seed=5)]


@pytest.fixture
def component(base_model: Path) -> EntityRecognizer:
    return ner(load_pipeline(base_model), "ner")


def bias(component: EntityRecognizer) -> list[float]:
    return [float(value) for value in component.model.get_ref("upper").get_param("b")]


def by_offset(component: EntityRecognizer, values: dict[float, float]) -> Callable[[], float]:
    return lambda: values[offset_of(component)]


def test_an_offset_lowers_the_score_of_no_entity_alone(component: EntityRecognizer) -> None:
    before = bias(component)
    set_offset(component, 2.0)
    changed = [a - b for a, b in zip(before, bias(component), strict=True) if a != b]
    assert changed == [pytest.approx(2.0)]


def test_offsets_count_from_the_trained_weights_and_do_not_add_up(component: EntityRecognizer) -> None:
    before = bias(component)
    for offset in (3.0, 1.0, 0.0):
        set_offset(component, offset)
    assert bias(component) == pytest.approx(before, abs=1e-5)


def test_a_greater_offset_finds_more(base_model: Path) -> None:
    nlp = load_pipeline(base_model)
    before = sum(map(len, component_entities(nlp, "ner", TEXTS)))
    set_offset(ner(nlp, "ner"), 4.0)
    assert sum(map(len, component_entities(nlp, "ner", TEXTS))) > before


def harm(component: EntityRecognizer, counts: dict[float, int], total: int = 4000) -> Callable[[], Covered]:
    """Return how many entities are covered at each offset; at those that are not given, very many."""
    return lambda: {"ORG": (counts.get(offset_of(component), total), total)}


def calibrated(
    component: EntityRecognizer, f1: Callable[[], float | None], covered: Callable[[], Covered]
) -> float:
    """Calibrate with 16 of 4 000 old entities allowed, give or take 4."""
    return calibrate(component, f1, covered, most=0.004)


def test_the_largest_harmless_offset_that_the_dev_part_allows_is_kept(component: EntityRecognizer) -> None:
    f1 = dict.fromkeys(OFFSETS, 0.5) | {0.75: 0.7, 1.0: 0.69}
    assert calibrated(component, by_offset(component, f1), harm(component, dict.fromkeys(OFFSETS, 0))) == 1.0
    assert offset_of(component) == 1.0


@pytest.mark.parametrize(("dev_f1", "expected"), [(None, 0.5), (0.45, 0.75)])
def test_the_largest_harmless_offset_is_kept_and_a_dev_part_makes_bolder(
    component: EntityRecognizer, dev_f1: float | None, expected: float
) -> None:
    covered = harm(component, {0.0: 1, 0.25: 1, 0.5: 12, 0.75: 16, 1.0: 17})
    assert calibrated(component, lambda: dev_f1, covered) == expected


def test_no_gain_on_the_dev_part_is_worth_covering_old_entities(component: EntityRecognizer) -> None:
    f1 = {0.0: 0.5, 0.25: 0.9}
    assert calibrated(component, by_offset(component, f1), harm(component, {0.0: 0, 0.25: 100})) == 0.0


def test_a_component_that_covers_too_much_is_made_to_find_less(
    component: EntityRecognizer, caplog: pytest.LogCaptureFixture
) -> None:
    covered = harm(component, {0.0: 60, -0.25: 50, -0.5: 40, -0.75: 21, -1.0: 20, LEAST: 3})
    assert calibrated(component, lambda: 0.45, covered) == -1.0
    assert caplog.records == []


def test_what_a_component_is_sure_of_lowers_its_offset_no_further(
    component: EntityRecognizer, caplog: pytest.LogCaptureFixture
) -> None:
    """On en_core_web_md it cost five points of F1 and spared no entity: "Java" was an ORG to the origin."""
    sure = dict.fromkeys((offset for offset in OFFSETS if offset <= -1.5), 24)
    covered = harm(component, {0.0: 60, -0.25: 50, -0.5: 40, -0.75: 30, -1.0: 25} | sure)
    assert calibrated(component, lambda: 0.45, covered) == -1.5
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_component_that_covers_much_unless_it_is_sure_is_set_to_the_least(
    component: EntityRecognizer,
) -> None:
    assert calibrated(component, lambda: 0.45, harm(component, {LEAST: 3})) == LEAST


@pytest.mark.parametrize("covered_at_first", [13, 20])
def test_what_may_be_chance_neither_raises_nor_lowers_the_offset(
    component: EntityRecognizer, covered_at_first: int
) -> None:
    """On en_core_web_md six covered ORGs of 821, where 4.9 were allowed, had cost three points of F1."""
    assert calibrated(component, lambda: None, harm(component, {0.0: covered_at_first})) == 0.0


@pytest.mark.parametrize(("dev_f1", "expected"), [(0.45, 0.5), (None, 0.0)])
def test_an_offset_that_covers_nothing_more_is_free_where_a_dev_part_watches_the_new_labels(
    component: EntityRecognizer, dev_f1: float | None, expected: float
) -> None:
    covered = harm(component, {0.0: 18, 0.25: 18, 0.5: 18, 0.75: 19})
    assert calibrated(component, lambda: dev_f1, covered) == expected


def test_one_label_is_not_covered_for_the_others(component: EntityRecognizer) -> None:
    """On en_core_web_md nearly all of the harm was to ORG."""
    orgs = {0.0: 1, 0.25: 2}

    def covered() -> Covered:
        return {"DATE": (0, 9000), "ORG": (orgs.get(offset_of(component), 99), 800)}

    assert calibrated(component, lambda: None, covered) == 0.0


def test_the_offset_is_saved_with_the_component(base_model: Path, tmp_path: Path) -> None:
    nlp = load_pipeline(base_model)
    set_offset(ner(nlp, "ner"), 2.0)
    nlp.to_disk(tmp_path / "out")
    again = ner(load_pipeline(tmp_path / "out"), "ner")
    assert offset_of(again) == 2.0
    assert bias(again) == bias(ner(nlp, "ner"))


def test_a_span_over_part_of_an_old_one_covers_it() -> None:
    old = [(Span(0, 5, "PERSON"), Span(10, 15, "ORG")), ()]
    new = [(Span(4, 8, "PROTOCOL"),), (Span(0, 1, "PROTOCOL"),)]
    assert covered_spans(old * 50, new * 50) == {"ORG": (0, 50), "PERSON": (50, 50)}


def test_too_few_old_entities_show_no_harm_and_no_safety_either(component: EntityRecognizer) -> None:
    assert calibrated(component, lambda: None, harm(component, dict.fromkeys(OFFSETS, 0), total=99)) == 0.0
    assert offset_of(component) == 0.0
