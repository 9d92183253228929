"""`techner init`: the origin and the reference set."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from techner.cli.examples import read_usable
from techner.cli.terminal import console, now, person, training_bar
from techner.core.examples import Example
from techner.core.policy import Policies, QualityPolicy
from techner.operate.base_model import STARTER, base_folder
from techner.settings import load_settings

if TYPE_CHECKING:
    from spacy.language import Language

    from techner.corpus.reference import Reference


def init(
    base: Annotated[
        str,
        typer.Option(
            help="An installed package, a folder, a .whl or .tar.gz of a spaCy pipeline, or `starter`."
        ),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Text of the old domain: rows with entities are gold; the base model labels the others."
        ),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(
            help="Annotated rows that only score the new labels; default: a share of the deliveries."
        ),
    ] = None,
) -> None:
    """Make the origin and the reference set of a store, once."""
    from techner.corpus.reference import load_reference
    from techner.operate.initialise import initialise
    from techner.registry import Registry
    from techner.uptraining.pipeline import load_pipeline

    settings = load_settings()
    store = settings.open_store()
    with base_folder(base, show_steps=training_bar) as folder:
        nlp = load_pipeline(folder)
        gold, silver = _reference(reference, base, nlp, settings.quality)
        version = initialise(
            store,
            folder,
            base=Path(base).name,
            gold=gold,
            silver_texts=silver,
            holdout=read_usable(holdout, nlp, settings.quality).examples if holdout else (),
            who=person(),
            when=now(),
            policies=settings.policies,
        )
    manifest = Registry(store).manifest(version)
    made = load_reference(store, manifest.lineage.reference)
    for line in said_of(made, manifest.pretrained_labels, settings.policies):
        console.print(line, markup=False)
    where = f"made from {escape(base)} in {escape(store.url)}"
    console.print(f"origin [bold]{version}[/] {where}; production names it")
    typer.echo(version)


def said_of(reference: "Reference", pretrained: tuple[str, ...], policies: Policies) -> Iterator[str]:
    """Say who labelled the reference set, and about which labels it says too little."""
    from techner.operate.unscored_labels import scoring_spans

    least = policies.gate.min_support

    evidence = reference.evidence
    yield (
        f"reference set: {evidence.gold} gold rows ({_counted(evidence.gold_spans)}), {reference.silver} "
        f"rows labelled by the base model ({_counted(evidence.silver_spans)})"
    )
    if evidence.not_annotated:
        yield (
            f"no gold row is annotated for {_counted(evidence.not_annotated)} (spans that the base model "
            "finds in them): the gold rows say nothing about these labels, and the gate asks about each "
            "candidate of `blend`. Annotate them, or state a `scope` in the rows that were read for them"
        )
    if evidence.partly_annotated:
        yield (
            f"only some gold rows are annotated for {_counted(evidence.partly_annotated)} (spans that the "
            "base model finds in gold rows without the label, more than there are gold spans), or the base "
            "model is mostly wrong about it: these rows say nothing about it. Annotate it there, or state a "
            "`scope` in the rows that were read for it"
        )
    few = {
        label: spans
        for label, spans in scoring_spans(reference, pretrained, policies.training).items()
        if spans < least and label not in evidence.not_annotated
    }
    if few:
        yield f"too few spans in the part that scores (fewer than {least}): {_counted(few)}"
    if reference.silver:
        yield (
            "rows labelled by the base model show what `extend` keeps; a candidate of `blend` is judged by "
            "gold alone, and asked about for want of it"
        )
    if reference.holdout:
        counts = Counter(span.label for example in reference.holdout for span in example.spans)
        new = {label: spans for label, spans in sorted(counts.items()) if label not in pretrained}
        yield f"holdout: {len(reference.holdout)} rows ({_counted(new)})"
        if sum(new.values()) < least:
            yield f"too few spans of new labels in the holdout (fewer than {least}): the gate asks each night"
    if evidence.in_holdout:
        yield f"{evidence.in_holdout} reference texts are left out, because they are in the holdout"


def _counted(spans: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {number}" for label, number in spans.items()) or "no spans"


def _reference(
    path: Path | None, base: str, nlp: "Language", policy: QualityPolicy
) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    """Return gold examples and texts to label; without a file, those of the project's own general corpus."""
    if path is None:
        from techner.starter import corpus_examples

        general = corpus_examples("general")
        # Its labels are the starter's; another base model labels the texts by its own scheme.
        return (general, ()) if base == STARTER else ((), tuple(example.text for example in general))
    found = read_usable(path, nlp, policy, takes_texts=True)
    return found.examples, found.texts
