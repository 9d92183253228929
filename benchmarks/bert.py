"""`extend` on a transformer, beside a full copy of it that is fine-tuned on the new labels alone.

    OMP_NUM_THREADS=1 .venv-transformers/bin/python benchmarks/bert.py BASE [--only extend] [--rate 1e-4]

BASE is made by benchmarks/transformer_base.py. Both learn from the first 1 000 sentences of
stackoverflow/train; `extend` rehearses on the first 2 000 texts of conll2003/train. F1 is micro F1 on 800
sentences each of stackoverflow/test (new) and conll2003/test (old); the speed is that of whole pipelines, in
processor time.
"""

import argparse
import json
import resource
import tempfile
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

from spacy.language import Language
from thinc.api import Adam, fix_random_seed, warmup_linear

from benchmarks.bench import DEFAULT, Bench, f1, open_bench
from benchmarks.transformer_base import SENTENCES, batches
from techner.core.examples import Example
from techner.core.policy import TrainingPolicy
from techner.evaluation.speed import measure_speed
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.gold import gold
from techner.uptraining.pipeline import load_pipeline, ner, predict
from techner.uptraining.surgery import initialise_ner, shape_of

TRAINING, REHEARSAL, TEST = 1000, 2000, 800


def full_copy(base: Path, examples: tuple[Example, ...], *, rate: float, passes: int) -> Language:
    """Fine-tune all of the base model, with a new `ner` for the new labels and none for the old ones."""
    fix_random_seed(0)
    nlp = load_pipeline(base)
    labels = sorted({span.label for example in examples for span in example.spans})
    egs = gold(nlp, examples, frozenset(labels))
    config = shape_of(nlp, "ner")
    nlp.remove_pipe("ner")
    nlp.add_pipe("ner", config=config)
    initialise_ner(nlp, ner(nlp, "ner"), labels, egs)
    updates = passes * -(-len(egs) // SENTENCES)
    sgd = Adam(rate, L2=0.01, grad_clip=1.0)
    rates = warmup_linear(rate, updates // 10, updates)
    for _, now, batch in zip(range(updates), rates, batches(egs), strict=False):
        sgd.learn_rate = now
        nlp.update(batch, drop=0.1, sgd=sgd)
    return nlp


def report(what: str, **figures: object) -> None:
    print(json.dumps({"what": what} | figures), flush=True)


def extended(bench: Bench, base: Path, corpus: TrainingCorpus, policy: TrainingPolicy, out: Path) -> None:
    started = time.process_time()
    made = make_candidate(base, corpus, policy, out)
    seconds = time.process_time() - started
    nlp, origin = load_pipeline(out), load_pipeline(base)
    size, before = (
        sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) for folder in (out, base)
    )
    texts = [example.text for example in (*bench.old_test[:150], *bench.new_test[:150])]
    speed = measure_speed(partial(predict, nlp), partial(predict, origin), texts)
    usual = asdict(TrainingPolicy())
    report(
        "extend",
        policy={name: value for name, value in asdict(policy).items() if value != usual[name]},
        new=f1(nlp, bench.new_test[:TEST]),
        old=f1(nlp, bench.old_test[:TEST]),
        size=size / before,
        speed=speed and speed.ratio,
        seconds=seconds,
        losses=made.losses[-1],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", type=Path)
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    parser.add_argument("--only", choices=("base", "copy", "extend"))
    parser.add_argument(
        "--rate", type=float, help="peak learning rate; 1e-4 for the copy, the policy's for extend"
    )
    parser.add_argument("--passes", type=int, default=5, help="of the full copy")
    parser.add_argument("--epochs", type=int, help="of extend; as many as a night has by default")
    parser.add_argument("--texts", type=int, default=REHEARSAL, help="to rehearse")
    asked = parser.parse_args()
    bench = open_bench(asked.bench)
    train = bench.examples("stackoverflow/train")
    chosen = tuple(train[:TRAINING])
    if asked.only in (None, "base"):
        report("base", old=f1(load_pipeline(asked.base), bench.old_test[:TEST]))
    if asked.only in (None, "extend"):
        texts = [example.text for example in bench.examples("conll2003/train")[: asked.texts]]
        silver = zip(texts, predict(load_pipeline(asked.base), texts), strict=True)
        corpus = TrainingCorpus(train=chosen, rehearsal=tuple(Example(text, spans) for text, spans in silver))
        policy = TrainingPolicy(
            epochs=asked.epochs, learning_rate=asked.rate or TrainingPolicy().learning_rate
        )
        with tempfile.TemporaryDirectory() as folder:
            extended(bench, asked.base, corpus, policy, Path(folder) / "out")
    if asked.only in (None, "copy"):
        started, rate = time.process_time(), asked.rate or 1e-4
        nlp = full_copy(asked.base, chosen, rate=rate, passes=asked.passes)
        seconds = time.process_time() - started
        new = f1(nlp, bench.new_test[:TEST])
        report("copy", rate=rate, passes=asked.passes, new=new, seconds=seconds)
    report("peak", mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
