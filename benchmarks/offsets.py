"""What the offset of the second `ner` trades: new entities found against old ones covered, of one night.

    python benchmarks/offsets.py BASE MODEL [--bench FOLDER]

BASE is the pretrained pipeline, such as ../shared/bench/en_core_web_md, MODEL one that `extend` made from it
(`techner model pull` prints its folder; benchmarks/real.py leaves stores). New F1 is on stackoverflow/test;
covered are the base's entities in conll2003/test, on which neither was trained. *Culprits* lowers only the
labels whose spans cover an old entity without an offset. *Two passes* is what the same `ner` would reach if
it read each text again after the pretrained one, at an offset of 0.5, and added what covers nothing.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.bench import DEFAULT, open_bench
from techner.core.examples import Span, overlap
from techner.core.scores import count, micro, total
from techner.uptraining.action_layer import action_layer, actions_of
from techner.uptraining.calibrate import LABEL_SPANS, OFFSETS, covered_spans, offset_of, set_offset
from techner.uptraining.pipeline import NEW_NER, component_entities, load_pipeline, ner, new_labels, predict

Found = Sequence[tuple[Span, ...]]
LARGER = (1.5, 2.0)
AGAIN = 0.5
COLUMNS = (
    "offset",
    "new F1",
    "covered, %",
    "of the label covered most",
    "culprits: new F1",
    "two passes: new F1",
)


class Night:
    """A model with its base, and what both find."""

    def __init__(self, base: Path, model: Path, bench: Path) -> None:
        data = open_bench(bench)
        self.new = data.new_test
        self.old_texts = [example.text for example in data.old_test]
        self.new_texts = [example.text for example in self.new]
        origin, self.nlp = load_pipeline(base), load_pipeline(model)
        self.old, self.old_in_new = predict(origin, self.old_texts), predict(origin, self.new_texts)
        self.component = ner(self.nlp, NEW_NER)
        self.labels = frozenset(new_labels(self.nlp))
        self.saved = offset_of(self.component)

    def found(self, offset: float) -> tuple[Found, Found]:
        """Return what is found in old and new texts at an offset."""
        set_offset(self.component, offset)
        return self._found(self.old_texts), self._found(self.new_texts)

    def found_without(self, culprits: frozenset[str], offset: float) -> Found:
        """Return what is found in new texts if the offset holds for some labels only."""
        set_offset(self.component, 0.0)
        layer: Any = action_layer(self.component).node
        saved = layer.get_param("b")
        bias = saved.copy()
        for position, action in enumerate(actions_of(self.component)):
            bias[position] += offset * (action[:2] in {"B-", "U-"} and action[2:] in culprits)
        layer.set_param("b", bias)
        found = self._found(self.new_texts)
        layer.set_param("b", saved)
        return found

    def f1(self, found: Found) -> float:
        rows = (
            count(eg.spans, spans, eg.in_scope(self.labels))
            for eg, spans in zip(self.new, found, strict=True)
        )
        return micro(total(rows)).f1 or 0.0

    def culprits(self, found: Found) -> frozenset[str]:
        pairs = zip(self.old, found, strict=True)
        return frozenset(
            new.label for olds, news in pairs for new in news if any(overlap(new, old) for old in olds)
        )

    def _found(self, texts: list[str]) -> Found:
        return component_entities(self.nlp, NEW_NER, texts)


def two_passes(first: Found, old: Found, second: Found) -> Found:
    """Return the new spans of the first pass, and those of the second that cover nothing."""
    return [
        (*sure, *(span for span in more if not any(overlap(span, other) for other in (*sure, *known))))
        for sure, known, more in zip(first, old, second, strict=True)
    ]


def row(night: Night, offset: float, culprits: frozenset[str], again: Found) -> tuple[str, ...]:
    in_old, in_new = night.found(offset)
    covered = covered_spans(night.old, in_old)
    share = sum(hits for hits, _ in covered.values()) / sum(total for _, total in covered.values())
    label = max(
        (name for name, (_, total) in covered.items() if total >= LABEL_SPANS),
        key=lambda name: covered[name][0] / covered[name][1],
    )
    return (
        f"{offset:+.2f}{' (set)' if offset == night.saved else ''}",
        f"{night.f1(in_new):.4f}",
        f"{100 * share:.2f}",
        f"{label}: {covered[label][0]} of {covered[label][1]}",
        f"{night.f1(night.found_without(culprits, offset)):.4f}" if offset < 0 else "",
        f"{night.f1(two_passes(in_new, night.old_in_new, again)):.4f}" if offset < AGAIN else "",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--bench", type=Path, default=DEFAULT)
    asked = parser.parse_args()
    night = Night(asked.base, asked.model, asked.bench)
    culprits = night.culprits(night.found(0.0)[0])
    _, again = night.found(AGAIN)
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for offset in (*OFFSETS, *LARGER):
        print("| " + " | ".join(row(night, offset, culprits, again)) + " |", flush=True)
    print(f"culprits: {', '.join(sorted(culprits))}")


if __name__ == "__main__":
    main()
