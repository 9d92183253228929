"""The dev part tells epochs apart, or is not there."""

from techner.core.policy import TrainingPolicy
from techner.uptraining import dev
from tests.world import TECH, tech_batch

POLICY = TrainingPolicy(dev_share=0.3)


def test_too_few_spans_to_tell_epochs_apart_make_no_dev_part() -> None:
    examples = tech_batch(0, 60)
    assert dev.part(examples, TECH, POLICY) == (examples, ())


def test_every_example_is_trained_on_or_in_the_dev_part() -> None:
    examples = tech_batch(0, 400)
    training, held = dev.part(examples, TECH, POLICY)
    assert len(held) >= 100
    assert sorted((*training, *held), key=repr) == sorted(examples, key=repr)


def test_the_order_of_the_examples_does_not_choose_the_dev_part() -> None:
    examples = tech_batch(0, 400)
    assert set(dev.part(examples, TECH, POLICY)[1]) == set(dev.part(examples[::-1], TECH, POLICY)[1])


def test_a_share_of_nothing_makes_no_dev_part() -> None:
    assert dev.part(tech_batch(0, 400), TECH, TrainingPolicy(dev_share=0.0))[1] == ()
