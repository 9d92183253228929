"""The runs behind benchmarks/forgetting.py; each returns the figures of one recipe and one seed."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench, scores
from benchmarks.forgetting_nights import Figures, batches, simulate
from benchmarks.naive import naive
from techner.core.examples import Example
from techner.core.policy import CorpusPolicy, GatePolicy, Policies, TrainingPolicy
from techner.core.sampling import draw
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.pipeline import load_pipeline

SMALL = 450
# For blend, because the regression set is drawn from text that the base model was trained on (it scores 0.97
# there), which no single `ner` keeps. The table shows what blend does on unseen text.
OPEN = GatePolicy(
    micro_margin=1.0,
    macro_margin=1.0,
    label_margin=1.0,
    label_drop=1.0,
    flip_cap=1.0,
    survival_floor=0.0,
    new_floor=0.0,
    new_margin=1.0,
)
NAIVE = "naive"
EIGHTH = 8


def one_shot(bench: Bench, recipe: str, seed: int, scratch: Path) -> Figures:
    """Train on all new data at once."""
    return _shot(bench, bench.examples("stackoverflow/train"), recipe, seed, scratch)


def small(bench: Bench, recipe: str, seed: int, scratch: Path) -> Figures:
    """Draw a small batch of all sentences, most of which have no span."""
    return _small(bench, bench.examples("stackoverflow/train"), recipe, seed, scratch)


def small_annotated(bench: Bench, recipe: str, seed: int, scratch: Path) -> Figures:
    """Draw a small batch of the sentences that have a span."""
    train = tuple(example for example in bench.examples("stackoverflow/train") if example.spans)
    return _small(bench, train, recipe, seed, scratch)


def _small(bench: Bench, pool: tuple[Example, ...], recipe: str, seed: int, scratch: Path) -> Figures:
    drawn = random.Random(seed).sample(pool, SMALL)  # noqa: S311 - reproducible on purpose
    return _shot(bench, tuple(drawn), recipe, seed, scratch)


def _shot(bench: Bench, new: tuple[Example, ...], recipe: str, seed: int, scratch: Path) -> Figures:
    started = time.process_time()
    if recipe == NAIVE:
        naive(bench.base, new, scratch / "out", seed=seed)
    else:
        rehearsal = draw(
            bench.examples("conll2003/train"), count=CorpusPolicy().rehearsal_texts, salt=str(seed)
        )
        policy = TrainingPolicy(strategy=recipe, seed=seed)
        make_candidate(bench.base, TrainingCorpus(train=new, rehearsal=rehearsal), policy, scratch / "out")
    seconds = time.process_time() - started
    return {"seconds": seconds} | scores(bench, scratch / "out")


def nights(bench: Bench, recipe: str, seed: int, scratch: Path) -> Figures:
    """Eight nights: the same functions that the DAG calls, gate included."""
    if recipe == NAIVE:
        return {"nights": _naive_nights(bench, seed, scratch)}
    policies = Policies(
        training=TrainingPolicy(strategy=recipe, seed=seed), gate=OPEN if recipe == "blend" else GatePolicy()
    )
    return {"nights": simulate(bench, policies, scratch, 8, scored=lambda night: True)}


def thirty(bench: Bench, recipe: str, seed: int, scratch: Path) -> Figures:
    """Thirty nights at an eighth of the default size, to measure time and memory.

    So replay memory and holdout are full long before the last night, as they would be after years. The
    margins are open, because sets this small show too little for the gate, and every night must train.
    """
    policies = smaller(EIGHTH, strategy=recipe, seed=seed)
    scored = (1, 3, 10, 20, 30)
    return {"nights": simulate(bench, policies, scratch, 30, scored=lambda night: night in scored)}


def smaller(times: int, *, strategy: str, seed: int = 0) -> Policies:
    """Return policies with memory, holdout, rehearsal texts and presentations so many times smaller."""
    corpus, training = CorpusPolicy(), TrainingPolicy(strategy=strategy, seed=seed)
    return Policies(
        corpus=replace(
            corpus,
            holdout_per_label=corpus.holdout_per_label // times,
            memory_per_label=corpus.memory_per_label // times,
            rehearsal_texts=corpus.rehearsal_texts // times,
        ),
        training=replace(training, presentations=training.presentations // times),
        gate=replace(OPEN, min_support=1),
    )


def _naive_nights(bench: Bench, seed: int, scratch: Path) -> list[Figures]:
    found, model = [], bench.base
    for night, batch in enumerate(batches(bench, 8), 1):
        started = time.process_time()
        naive(model, batch, scratch / str(night), seed=seed)
        model = scratch / str(night)
        seconds = time.process_time() - started
        found.append({"night": night, "outcome": "", "seconds": seconds} | scores(bench, model))
    return found


def speed(bench: Bench, recipe: str, seed: int, scratch: Path) -> Figures:
    """Measure words per second of the whole pipeline on the old domain's test set, best of five."""
    new, rehearsal = bench.examples("stackoverflow/train")[:1000], bench.examples("conll2003/train")[:500]
    policy = TrainingPolicy(strategy=recipe, seed=seed, epochs=1)
    make_candidate(bench.base, TrainingCorpus(train=new, rehearsal=rehearsal), policy, scratch / "out")
    texts = [example.text for example in bench.old_test]
    models = {"pretrained": load_pipeline(bench.base), "uptrained": load_pipeline(scratch / "out")}
    words = sum(len(doc) for doc in models["pretrained"].pipe(texts))
    best: Figures = {}
    for _ in range(5):  # in turns, so that a busy moment hits both
        for name, nlp in models.items():
            started = time.process_time()
            for _doc in nlp.pipe(texts, batch_size=128):
                pass
            best[name] = max(best.get(name, 0.0), words / (time.process_time() - started))
    return best


RUNS: dict[str, Callable[[Bench, str, int, Path], Figures]] = {
    "one-shot": one_shot,
    "small": small,
    "small-annotated": small_annotated,
    "nights": nights,
    "thirty": thirty,
    "speed": speed,
}
