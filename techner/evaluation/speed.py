"""The speed of the candidate, compared with that of the origin."""

import time
from collections.abc import Callable, Sequence

from techner.core.run_documents import Speed

TEXTS = 300
ROUNDS = 3
Predict = Callable[[list[str]], object]


def measure_speed(
    candidate: Predict,
    origin: Predict,
    texts: Sequence[str],
    *,
    clock: Callable[[], float] = time.process_time,
) -> Speed | None:
    """Time both on the same texts, best of some rounds, in turns; None if there is no text.

    In processor time, and in turns: what else the machine does should not slow one of them alone.
    """
    chosen = list(texts[:TEXTS])
    words = sum(len(text.split()) for text in chosen)
    if not words:
        return None
    best = [float("inf"), float("inf")]
    for run in (candidate, origin):
        run(chosen)  # warm up
    for _ in range(ROUNDS):
        for place, run in enumerate((candidate, origin)):
            started = clock()
            run(chosen)
            best[place] = min(best[place], clock() - started)
    return Speed(words=words, candidate=words / best[0], origin=words / best[1])
