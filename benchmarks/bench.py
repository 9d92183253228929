"""The data of the benchmarks, and the scoring of a pipeline on it."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spacy.language import Language

from techner.core.examples import Example
from techner.core.scores import Counts, count, micro, total
from techner.formats import read_examples
from techner.uptraining.pipeline import load_pipeline, predict

ROOT = Path(__file__).parents[1]
DEFAULT = ROOT.parent / "shared" / "bench"
NEEDED = """{folder} is missing or incomplete. Give --bench a folder with
  stackoverflow/train.jsonl, dev.jsonl, test.jsonl   StackOverflowNER (Tabassum et al. 2020), five tech labels
  conll2003/train.jsonl, dev.jsonl, test.jsonl       CoNLL-2003 as distributed with CrossNER
  base_model/                                        a spaCy pipeline with a `ner` trained on conll2003/train
JSONL rows are {{"text": …, "entities": [[start, end, label], …]}}; nothing is downloaded automatically."""


@dataclass(frozen=True)
class Bench:
    """Old domain and new, each with train, dev and test; and the pretrained pipeline."""

    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "base_model"

    @cached_property
    def old_test(self) -> tuple[Example, ...]:
        return self.examples("conll2003/test")

    @cached_property
    def new_test(self) -> tuple[Example, ...]:
        return self.examples("stackoverflow/test")

    def examples(self, name: str) -> tuple[Example, ...]:
        path = self.folder / f"{name}.jsonl"
        return read_examples(path.read_bytes(), where=str(path))


def open_bench(folder: Path) -> Bench:
    """Return the data; if any of it is missing, exit with a message that says what is needed."""
    parts = [f"{name}/{part}.jsonl" for name in ("conll2003", "stackoverflow") for part in ("train", "test")]
    if not all((folder / part).exists() for part in ("base_model", *parts)):
        sys.exit(NEEDED.format(folder=folder))
    return Bench(folder.absolute())


def score(nlp: Language, gold: tuple[Example, ...]) -> dict[str, Counts]:
    """Count exact spans over the labels of the gold set, label by label."""
    labels = frozenset(span.label for example in gold for span in example.spans)
    found = predict(nlp, [example.text for example in gold])
    return total(count(example.spans, spans, labels) for example, spans in zip(gold, found, strict=True))


def f1(nlp: Language, gold: tuple[Example, ...]) -> float:
    """Return micro F1, from 0 to 1, over the labels of the gold set."""
    return micro(score(nlp, gold)).f1 or 0.0


def worst_change(nlp: Language, origin: Language, gold: tuple[Example, ...]) -> float:
    """Return the change in F1 of the label that lost most."""
    before, after = score(origin, gold), score(nlp, gold)
    return min((after[label].f1 or 0.0) - (before[label].f1 or 0.0) for label in before)


def scores(bench: Bench, folder: Path) -> dict[str, float]:
    """Score a pipeline on both test sets: micro F1, and the worst change of a pretrained label."""
    nlp, origin = load_pipeline(folder), load_pipeline(bench.base)
    return {
        "old": f1(nlp, bench.old_test),
        "new": f1(nlp, bench.new_test),
        "worst": worst_change(nlp, origin, bench.old_test),
    }
