"""Speed: the best of some rounds, in turns, on a bounded number of texts."""

from collections.abc import Iterator
from itertools import chain

from techner.evaluation.speed import TEXTS, measure_speed


def answer(texts: list[str]) -> None:
    """Stand for a model: what it takes is the clock's affair."""
    del texts


def ticking(*durations: float) -> Iterator[float]:
    """Give a clock's readings where the timed calls last so long."""
    return chain.from_iterable((0.0, duration) for duration in durations)


def test_speed_is_that_of_the_best_round() -> None:
    clock = ticking(4.0, 2.0, 1.0, 9.0, 3.0, 5.0)  # candidate and origin in turns
    speed = measure_speed(answer, answer, ["one two three four"], clock=lambda: next(clock))
    assert speed is not None
    assert (speed.words, speed.candidate, speed.origin) == (4, 4.0, 2.0)
    assert speed.ratio == 2.0


def test_each_model_runs_once_before_the_clock_does() -> None:
    calls: list[str] = []
    clock = ticking(*[1.0] * 6)
    measure_speed(
        lambda _: calls.append("candidate"),
        lambda _: calls.append("origin"),
        ["a"],
        clock=lambda: next(clock),
    )
    assert calls == ["candidate", "origin"] * 4


def test_only_a_bounded_number_of_texts_is_timed() -> None:
    seen: list[int] = []
    measure_speed(lambda texts: seen.append(len(texts)), answer, ["text"] * (TEXTS + 1))
    assert set(seen) == {TEXTS}


def test_without_a_text_there_is_no_speed() -> None:
    assert measure_speed(answer, answer, []) is None
