"""The usual recipe as a baseline: add the labels, and train on the new data only.

python benchmarks/naive.py --base MODEL_FOLDER --train FILE --out FOLDER [--epochs 30]
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.util import minibatch
from thinc.api import fix_random_seed

from techner.core.examples import Example
from techner.formats import read_examples
from techner.uptraining.gold import gold


def naive(base: Path, examples: Sequence[Example], out: Path, *, epochs: int = 30, seed: int = 0) -> None:
    """Train the pretrained `ner` itself, in minibatches of 128, dropout 0.15."""
    fix_random_seed(seed)
    nlp = spacy.load(base)
    labels = sorted({span.label for example in examples for span in example.spans})
    for label in labels:
        nlp.get_pipe("ner").add_label(label)  # type: ignore[attr-defined]
    egs = gold(nlp, examples, frozenset(labels))
    shuffler = random.Random(seed)  # noqa: S311 - reproducible on purpose
    with nlp.select_pipes(enable=["ner"]):
        sgd = nlp.resume_training()
        for _ in range(epochs):
            shuffler.shuffle(egs)
            for batch in minibatch(egs, size=128):  # type: ignore[no-untyped-call]
                nlp.update(batch, drop=0.15, sgd=sgd)
    nlp.to_disk(out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=30)
    asked = parser.parse_args()
    naive(
        asked.base,
        read_examples(asked.train.read_bytes(), where=str(asked.train)),
        asked.out,
        epochs=asked.epochs,
    )


if __name__ == "__main__":
    main()
