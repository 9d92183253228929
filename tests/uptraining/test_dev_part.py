"""The dev part tells epochs apart, or is not there."""

from dataclasses import replace

from techner.core.policy import TrainingPolicy
from techner.uptraining import dev_part
from tests.world import TECH, tech_batch

POLICY = TrainingPolicy(dev_share=0.3)


def test_too_few_spans_to_tell_epochs_apart_make_no_dev_part() -> None:
    assert dev_part.part(tech_batch(0, 60), TECH, POLICY)[1] == ()


def test_a_text_of_the_dev_part_is_trained_on_on_no_night() -> None:
    few, many = (
        dev_part.part(tech_batch(0, 60), TECH, POLICY),
        dev_part.part(tech_batch(0, 400), TECH, POLICY),
    )
    assert many[1]
    assert not set(few[0]) & set(many[1])


def test_a_label_that_only_the_dev_part_would_have_is_trained_on() -> None:
    examples = tech_batch(0, 400)
    one = dev_part.part(examples, TECH, POLICY)[1][0]
    rare = replace(one, spans=(replace(one.spans[0], label="RARE"),))
    training, held = dev_part.part((*examples, rare), TECH | {"RARE"}, POLICY)
    assert rare in training
    assert rare not in held


def test_every_example_is_trained_on_or_in_the_dev_part() -> None:
    examples = tech_batch(0, 400)
    training, held = dev_part.part(examples, TECH, POLICY)
    assert len(held) >= 100
    assert sorted((*training, *held), key=repr) == sorted(examples, key=repr)


def test_a_share_of_nothing_makes_no_dev_part() -> None:
    assert dev_part.part(tech_batch(0, 400), TECH, TrainingPolicy(dev_share=0.0))[1] == ()
