"""What tasks say of their decisions."""

from dataclasses import dataclass, replace

import pytest

from techner.core.delivery import BatchRef
from techner.core.policy import TrainingPolicy
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.night.telling import MinutesLeft, left_out, names, rejected, scores, training, unpassed
from techner.night.whole import whole_night
from tests.moves import ask
from tests.world import WORD, World, strict, tech_batch

CHECK = Check(
    name="pretrained micro F1",
    against=Against.ORIGIN,
    rule="lost at most 0.010, with 95 % confidence",
    baseline=0.861,
    candidate=0.81,
    low=-0.06,
    high=-0.04,
    margin=0.01,
    support=400,
    state=CheckState.FAILED,
)


@dataclass
class At:
    """A step of a training, as far as its place counts."""

    done: int
    total: int = 100
    epoch: int = 1
    ends_epoch: bool = False


def refs(*found: str) -> list[BatchRef]:
    return [BatchRef(name=name, digest="0" * 64) for name in found]


def test_names_of_batches_cannot_write_lines_of_their_own() -> None:
    assert names(refs("a.jsonl", "b\nforged\x1b[2J")) == r"a.jsonl, b\nforged\x1b[2J"


@pytest.mark.parametrize(("number", "end"), [(20, "b19"), (23, "b19 and 3 more")])
def test_at_most_twenty_names_are_listed(number: int, end: str) -> None:
    assert names(refs(*(f"b{n}" for n in range(number)))).endswith(end)


def test_no_batch_is_said_as_that() -> None:
    assert names([]) == "none"


def test_settings_are_told_with_what_ends_the_training() -> None:
    assert training(TrainingPolicy(seed=3)) == "strategy extend, seed 3, epochs for 32000 presentations"


def test_failed_checks_come_first_with_figure_and_rule() -> None:
    unmeasured = replace(CHECK, name="new micro F1", candidate=None, state=CheckState.INSUFFICIENT)
    remark = replace(CHECK, decisive=False)
    passed = replace(CHECK, state=CheckState.PASSED)
    assert unpassed(Verdict(checks=(passed, unmeasured, remark, CHECK))) == (
        f"failed: pretrained micro F1 against origin is -0.051 ({CHECK.rule})",
        f"insufficient: new micro F1 against origin ({CHECK.rule})",
    )


def test_scores_over_all_labels_are_told_beside_what_they_are_compared_with() -> None:
    floor = replace(CHECK, name="new micro F1", baseline=None, candidate=0.4)
    assert scores(Verdict(checks=(CHECK, floor))) == (
        "pretrained micro F1 0.810 (origin 0.861), new micro F1 0.400"
    )


def test_a_rejected_night_says_why_and_which_batches_are_held(world: World) -> None:
    world.deliver("monday.jsonl", tech_batch(0, 60))
    *_, last = whole_night(world.run(), strict(), lambda: WORD, query=ask)
    told = rejected(last.run, last.made, WORD)  # type: ignore[arg-type]
    assert told.startswith("Rejected: failed: ")
    assert told.endswith("; held until released: monday.jsonl.")


def test_the_time_left_follows_from_the_share_that_is_done() -> None:
    left = MinutesLeft()
    assert left.after(At(0), now_s=0) is None  # type: ignore[arg-type]
    assert left.after(At(25), now_s=60) == pytest.approx(3)  # type: ignore[arg-type]
    assert left.after(At(100), now_s=300) == 0  # type: ignore[arg-type]


def test_a_training_that_goes_on_in_the_middle_counts_from_there() -> None:
    left = MinutesLeft()
    left.after(At(50), now_s=0)  # type: ignore[arg-type]
    assert left.after(At(75), now_s=60) == pytest.approx(1)  # type: ignore[arg-type]


def test_ends_of_epochs_that_are_told_again_cost_no_time() -> None:
    left = MinutesLeft()
    for epoch in (1, 2):
        assert left.after(At(25 * epoch, epoch=epoch, ends_epoch=True), now_s=0) is None  # type: ignore[arg-type]
    left.after(At(60, epoch=3), now_s=24)  # type: ignore[arg-type]
    minutes = left.after(At(75, epoch=3, ends_epoch=True), now_s=60)  # type: ignore[arg-type]
    assert minutes == pytest.approx(1)


def test_each_run_that_batches_were_left_out_for_is_named_once() -> None:
    assert left_out(["b"]) == "Left out: the batches of b, which waits for an answer."
    assert left_out(["b", "a", "b"]) == "Left out: the batches of a and b, which wait for an answer."
    assert left_out("cab") == "Left out: the batches of a, b and c, which wait for an answer."
