"""`techner uptrain` and `techner evaluate`: folders and files, without a store or Airflow."""

import json
from collections import Counter
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from techner.cli.examples import read_file, read_usable, require_each_once
from techner.cli.terminal import REJECTED, console, out, training_bar
from techner.core.errors import BatchError, ModelError
from techner.core.examples import text_key
from techner.core.policy import QualityPolicy
from techner.core.scheme import example_today
from techner.core.scores import Counts, count, macro_f1, micro, total
from techner.operate.base_model import base_folder
from techner.settings import Settings, load_settings

if TYPE_CHECKING:
    from spacy.language import Language

    from techner.core.examples import Example
    from techner.quality.annotated import AnnotatedFile
    from techner.uptraining import TrainingCorpus


def uptrain(
    base: Annotated[str, typer.Option(help="The pipeline to start from: a folder, a package or an archive.")],
    train: Annotated[list[Path], typer.Option(help="Annotated files with the new labels.")],
    rehearsal: Annotated[Path, typer.Option(help="Text of the old domain; rows with entities are gold.")],
    output: Annotated[
        Path, typer.Option("--out", help="Where to write the candidate: a folder that does not exist yet.")
    ],
    origin: Annotated[
        str | None, typer.Option(help="The pretrained pipeline; needed if --base was uptrained before.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="`extend` or `blend`; default: the setting training.strategy.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Default: the setting training.seed.")] = None,
) -> None:
    """Uptrain a pipeline on annotated files and rehearsed text."""
    from techner.uptraining import make_candidate
    from techner.uptraining.pipeline import load_pipeline

    if output.exists() or not output.absolute().parent.is_dir():
        raise ModelError(f"--out {output}: give a folder that does not exist yet, inside one that does")
    settings = load_settings()
    policy = settings.training
    policy = replace(policy, strategy=strategy or policy.strategy, seed=policy.seed if seed is None else seed)
    with (
        base_folder(base, show_steps=training_bar) as folder,
        base_folder(origin or base, show_steps=training_bar) as pretrained,
    ):
        corpus = _corpus(train, rehearsal, load_pipeline(pretrained), settings, strategy=policy.strategy)
        with (
            training_bar("uptraining") as on_step,
            # Beside it and renamed: what is interrupted or fills the disk leaves no half of a model there.
            TemporaryDirectory(prefix=f".{output.name}-", dir=output.absolute().parent) as scratch,
        ):
            made = make_candidate(
                folder,
                corpus,
                policy,
                Path(scratch) / "made",
                origin=pretrained,
                scheme=settings.scheme,
                gpu=settings.gpu,
                on_step=on_step,
            )
            (Path(scratch) / "made").rename(output)
    counted = f"{len(corpus.train)} new examples, {len(corpus.rehearsal)} rehearsal texts"
    console.print(f"{policy.strategy}, {len(made.losses)} epochs on {counted}")
    console.print(f"new labels: {', '.join(made.new_labels)}", markup=False)
    typer.echo(str(output))


def evaluate(
    model: Annotated[Path, typer.Option(help="The folder of a pipeline.")],
    gold: Annotated[list[Path], typer.Option(help="Annotated files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Score a pipeline on annotated files, over the labels in them; exit code 3 if rows are set aside."""
    from techner.quality.annotated import SCORED
    from techner.uptraining.pipeline import load_pipeline, new_labels, predict, pretrained_labels

    policy, nlp = load_settings().quality, load_pipeline(model)
    require_each_once(gold)
    files = [read_file(path, nlp, policy, noted=SCORED) for path in gold]
    examples = [example for file in files for example in file.examples]
    labels = frozenset(span.label for example in examples for span in example.spans)
    if not labels:
        raise BatchError("the usable rows of the gold files have no spans: there is nothing to score")
    unknown = _unknown(examples, frozenset({*pretrained_labels(nlp), *new_labels(nlp)}))
    found = predict(nlp, [example.text for example in examples])
    rows = (
        count(example.spans, spans, example.in_scope(labels))
        for example, spans in zip(examples, found, strict=True)
    )
    by_label = total(rows)
    if as_json:
        typer.echo(json.dumps(_summary(by_label) | _told(files) | {"unknown_labels": unknown}, indent=1))
    else:
        out.print(_table(by_label))
    if any(file.set_aside for file in files):
        raise typer.Exit(REJECTED)


def _unknown(examples: "list[Example]", known: frozenset[str]) -> dict[str, int]:
    """Return the gold spans of labels that the model does not have, and say so."""
    from techner.quality.scoring_sets import described, label_counts

    unknown = {
        label: spans for label, spans in label_counts(examples).items() if spans and label not in known
    }
    if unknown:
        said = f"the model does not have {described(unknown, known)}: it finds none of their spans"
        console.print(said, markup=False)
    return unknown


def _summary(by_label: "dict[str, Counts]") -> dict[str, object]:
    labelled = {label: _scores(counts) | {"support": counts.support} for label, counts in by_label.items()}
    return {"micro": _scores(micro(by_label)), "macro": {"f": macro_f1(by_label)}, "labels": labelled}


def _told(files: "list[AnnotatedFile]") -> dict[str, object]:
    """Return what a program needs to know about the rows behind the scores."""
    noted: Counter[str] = Counter()
    for file in files:
        noted.update(file.noted)
    return {
        "rows": sum(file.read for file in files),
        "scored": sum(len(file.examples) for file in files),
        "passed_over": sum(file.passed_over for file in files),
        "set_aside": [{"file": file.name} | asdict(one) for file in files for one in file.set_aside],
        "used_with_faults": dict(sorted(noted.items())),
    }


def _table(by_label: "dict[str, Counts]") -> Table:
    table = Table("label", "precision", "recall", "F1", "gold")
    for label, counts in (*by_label.items(), ("all (micro)", micro(by_label))):
        table.add_row(escape(label), *map(_shown, _scores(counts).values()), str(counts.support))
    table.add_row("all (macro)", "", "", _shown(macro_f1(by_label)), "")
    return table


def _corpus(
    train: list[Path], rehearsal: Path, pretrained: "Language", settings: "Settings", *, strategy: str
) -> "TrainingCorpus":
    """Read what to train on, say which part is not learnt, and keep its texts out of the rehearsal."""
    from techner.corpus.assemble import by_text
    from techner.corpus.merge import merge
    from techner.quality.scoring_sets import label_counts
    from techner.uptraining import TrainingCorpus
    from techner.uptraining.pipeline import pretrained_labels

    taught: dict[str, Example] = {}
    for path in train:
        for example in read_usable(path, pretrained, settings.quality).examples:
            today = example_today(example, settings.scheme)
            key = text_key(today.text)
            taught[key] = merge(taught.get(key), today)
    known = frozenset(pretrained_labels(pretrained))
    old = {label: spans for label, spans in label_counts(taught.values()).items() if spans and label in known}
    if old and strategy == "extend":
        listed = ", ".join(f"{label} {spans}" for label, spans in old.items())
        console.print(
            f"extend learns no corrections of pretrained labels ({listed} spans); blend does",
            markup=False,
        )
    rehearsed = by_text(_rehearsal(rehearsal, pretrained, settings.quality))
    if both := rehearsed.keys() & taught.keys():
        console.print(f"{len(both)} rehearsal texts are left out, because they are in --train", markup=False)
    return TrainingCorpus(
        train=tuple(taught.values()),
        rehearsal=tuple(example for key, example in rehearsed.items() if key not in both),
    )


def _rehearsal(path: Path, pretrained: "Language", policy: QualityPolicy) -> "tuple[Example, ...]":
    """Read rehearsal examples; rows without entities get what the pretrained pipeline finds."""
    from techner.core.examples import Example
    from techner.corpus.narrowing import narrow
    from techner.quality.scoring_sets import require_pretrained
    from techner.uptraining.pipeline import predict, pretrained_labels

    file, labels = read_usable(path, pretrained, policy, takes_texts=True), pretrained_labels(pretrained)
    require_pretrained(file.examples, labels)
    gold, never, partly = narrow(file.examples, labels, partial(predict, pretrained))
    for rows, unseen in (("no row", never), ("only a part", partly)):
        if unseen:
            named = ", ".join(f"{label} {spans}" for label, spans in sorted(unseen.items()))
            instead = "spans of the pretrained pipeline are used instead"
            console.print(f"{rows} of {path} is annotated for {named}: {instead}", markup=False)
    silver = predict(pretrained, list(file.texts))
    gold += [Example(text, spans) for text, spans in zip(file.texts, silver, strict=True)]
    return tuple(gold)


def _scores(counts: Counts) -> dict[str, float | None]:
    return {"p": counts.precision, "r": counts.recall, "f": counts.f1}


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
