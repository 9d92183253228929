"""Real predictions for `gate_power.py`, made once and kept in a folder that git ignores."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from techner.core.examples import Example, Span
from techner.core.policy import TrainingPolicy
from techner.formats import read_examples
from techner.uptraining import TrainingCorpus, make_candidate
from techner.uptraining.pipeline import load_pipeline, predict

TRAIN_TEXTS, REHEARSAL_TEXTS = 2000, 1400
SEEDS = (0, 1)
Predicted = tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Material:
    """Gold examples of the old domain and of the new one, and what each system finds in them."""

    old: tuple[Example, ...]
    new: tuple[Example, ...]
    found: Mapping[str, tuple[Predicted, Predicted]]
    """origin, seed-0, seed-1 → spans in `old` and in `new`."""


def material(shared: Path, kept: Path) -> Material:
    """Return the predictions; train the candidates if `kept` has none, which takes a few minutes."""
    bench = shared / "bench"
    old = (*_examples(bench, "conll2003/dev"), *_examples(bench, "conll2003/test"))
    new = (*_examples(bench, "stackoverflow/dev"), *_examples(bench, "stackoverflow/test"))
    folders = {"origin": bench / "base_model"} | {f"seed-{seed}": kept / f"seed-{seed}" for seed in SEEDS}
    for seed in SEEDS:
        if not (folders[f"seed-{seed}"] / "config.cfg").is_file():
            _train(bench, folders[f"seed-{seed}"], seed)
    found = {
        name: tuple(predicted(folder, kept / f"{name}-{part}.json", examples)
                    for part, examples in (("old", old), ("new", new)))
        for name, folder in folders.items()
    }  # fmt: skip
    return Material(old=old, new=new, found=found)  # type: ignore[arg-type]  # two parts each


def _train(bench: Path, out: Path, seed: int) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    print(f"training {out.name} ...", flush=True)
    corpus = TrainingCorpus(
        train=_examples(bench, "stackoverflow/train")[:TRAIN_TEXTS],
        rehearsal=_examples(bench, "conll2003/train")[:REHEARSAL_TEXTS],
    )
    make_candidate(bench / "base_model", corpus, TrainingPolicy(seed=seed), out)


def predicted(folder: Path, path: Path, examples: tuple[Example, ...]) -> Predicted:
    if not path.is_file():
        found = predict(load_pipeline(folder), [example.text for example in examples])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([[[s.start, s.end, s.label] for s in spans] for spans in found]))
    return tuple(tuple(Span(*span) for span in spans) for spans in json.loads(path.read_text()))


def _examples(bench: Path, name: str) -> tuple[Example, ...]:
    path = bench / f"{name}.jsonl"
    return read_examples(path.read_bytes(), where=str(path))
