"""What the demo shows: tasks as they run, and entities side by side."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.markup import escape
from rich.text import Text
from spacy.language import Language

from techner.cli.terminal import console, out
from techner.core.examples import Example, Span
from techner.core.scores import count, micro, total
from techner.uptraining.pipeline import predict

SENTENCES = (
    "David often uses TLS over SSL",
    "Leila Haddad joined Siemens in Munich to write firmware in Rust for the ESP32.",
    "In March the hospital paid $2 million after ransomware came in over SMTP.",
)


@contextmanager
def tasks() -> "Iterator[Callable[[str, str], None]]":
    """Show each task of a DAG run with its last message and its duration in seconds."""
    started: dict[str, float] = {}
    said: dict[str, str] = {}
    with console.status("starting Airflow") as status:

        def on_task(task: str, what: str) -> None:
            started.setdefault(task, time.monotonic())
            if what == "done":
                seconds = time.monotonic() - started.pop(task)
                console.print(f"  [green]✓[/] {task:9} {seconds:5.1f} s  {escape(said.pop(task, ''))}")
                return
            if what:
                said[task] = what
            status.update(f"{task} {what}")

        yield on_task


def marked(text: str, spans: tuple[Span, ...], new: frozenset[str]) -> Text:
    """Return a text with its entities coloured: pretrained labels in green, new ones in blue."""
    line = Text()
    end = 0
    for span in spans:
        colour = "bold blue" if span.label in new else "bold green"
        line.append(text[end : span.start])
        line.append(f"{text[span.start : span.end]}", style=colour)
        line.append(f" {span.label}", style=f"dim {colour}")
        end = span.end
    return line.append(text[end:])


def side_by_side(models: Mapping[str, Language], new: frozenset[str]) -> None:
    """Print the same sentences as each model reads them."""
    answers = {name: predict(nlp, list(SENTENCES)) for name, nlp in models.items()}
    width = max(map(len, models))
    for position, sentence in enumerate(SENTENCES):
        for name, found in answers.items():
            out.print(Text(f"  {name:{width}}  ").append(marked(sentence, found[position], new)))
        out.print()


def old_f1(nlp: Language, regression: tuple[Example, ...], labels: frozenset[str]) -> float:
    """Return micro F1 on `labels` over the regression set."""
    found = predict(nlp, [example.text for example in regression])
    rows = [count(eg.spans, spans, labels) for eg, spans in zip(regression, found, strict=True)]
    return micro(total(rows)).f1 or 0.0
