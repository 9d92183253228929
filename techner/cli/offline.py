"""`techner uptrain` and `techner evaluate`: on folders and files, without a store or Airflow."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from techner.cli.examples import read_gold, read_mixed
from techner.cli.init import base_folder
from techner.cli.talk import console, out, training_bar
from techner.core.errors import BatchError, ModelError
from techner.core.scheme import example_today
from techner.core.scores import Counts, count, macro_f1, micro, total
from techner.settings import load_settings

if TYPE_CHECKING:
    from techner.core.examples import Example


def uptrain(
    base: Annotated[str, typer.Option(help="The pipeline to go on from: a folder, package or archive.")],
    train: Annotated[list[Path], typer.Option(help="Annotated files of the new labels; several may follow.")],
    rehearsal: Annotated[Path, typer.Option(help="Text of the old domain; entities are gold, if given.")],
    output: Annotated[Path, typer.Option("--out", help="A folder that does not exist yet.")],
    origin: Annotated[
        str | None, typer.Option(help="The pretrained pipeline; needed where --base was uptrained before.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="extend or blend; default: as set.")] = None,
    seed: Annotated[int | None, typer.Option(help="Default: as set.")] = None,
) -> None:
    """Uptrain a pipeline on annotated files and rehearsed text."""
    from techner.uptraining import TrainingCorpus
    from techner.uptraining import uptrain as run

    if output.exists() or not output.absolute().parent.is_dir():
        raise ModelError(f"--out {output}: name a folder that does not exist, in one that does")
    settings = load_settings()
    policy = settings.training
    policy = replace(policy, strategy=strategy or policy.strategy, seed=policy.seed if seed is None else seed)
    examples = tuple(example_today(example, settings.scheme) for example in _read(train))
    with base_folder(base) as folder, base_folder(origin or base) as pretrained:
        corpus = TrainingCorpus(train=examples, rehearsal=_rehearsal(rehearsal, pretrained))
        with training_bar("uptraining") as on_step:
            made = run(
                folder,
                corpus,
                policy,
                output,
                origin=pretrained,
                scheme=settings.scheme,
                gpu=settings.gpu,
                on_step=on_step,
            )
    counted = f"{len(corpus.train)} new examples, {len(corpus.rehearsal)} rehearsal texts"
    console.print(f"{policy.strategy}, {len(made.losses)} epochs on {counted}")
    console.print(f"new labels: {', '.join(made.new_labels)}", markup=False)
    typer.echo(str(output))


def evaluate(
    model: Annotated[Path, typer.Option(help="A pipeline's folder.")],
    gold: Annotated[list[Path], typer.Option(help="Annotated files; several may follow.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Score a pipeline on annotated files: exact spans, over the labels that occur in them."""
    from techner.uptraining.pipeline import load_pipeline, predict

    examples = _read(gold)
    labels = frozenset(span.label for example in examples for span in example.spans)
    if not labels:
        raise BatchError("there is no span in the gold files: nothing to score")
    found = predict(load_pipeline(model), [example.text for example in examples])
    rows = (
        count(example.spans, spans, example.in_scope(labels))
        for example, spans in zip(examples, found, strict=True)
    )
    by_label = total(rows)
    if as_json:
        labelled = {
            label: _scores(counts) | {"support": counts.support} for label, counts in by_label.items()
        }
        summary = {"micro": _scores(micro(by_label)), "macro": {"f": macro_f1(by_label)}, "labels": labelled}
        typer.echo(json.dumps(summary, indent=1))
        return
    table = Table("label", "precision", "recall", "F1", "gold")
    for label, counts in (*by_label.items(), ("all (micro)", micro(by_label))):
        table.add_row(label, *map(_shown, _scores(counts).values()), str(counts.support))
    table.add_row("all (macro)", "", "", _shown(macro_f1(by_label)), "")
    out.print(table)


def _read(paths: list[Path]) -> "tuple[Example, ...]":
    return tuple(example for path in paths for example in read_gold(path))


def _rehearsal(path: Path, pretrained: Path) -> "tuple[Example, ...]":
    """Read rehearsal examples; rows without entities get those that the pretrained pipeline finds."""
    from techner.core.examples import Example
    from techner.uptraining.pipeline import load_pipeline, predict

    examples, texts = read_mixed(path)
    if texts:
        found = predict(load_pipeline(pretrained), texts)
        examples += [Example(text, spans) for text, spans in zip(texts, found, strict=True)]
    return tuple(examples)


def _scores(counts: Counts) -> dict[str, float | None]:
    return {"p": counts.precision, "r": counts.recall, "f": counts.f1}


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
