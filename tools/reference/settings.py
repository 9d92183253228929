"""The page of the settings, from the classes that declare and bound them."""

import ast
import inspect
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_origin

from techner.core.bounds import LabelNames, OneOf, Range, SomeOf, bounds_of, types_of
from techner.settings import Settings
from techner.settings.sources import PREFIX
from tools.reference.markdown import first_sentence, table

_ABOUT_SETTINGS = """\
Settings are read from `techner.toml` in the current folder, or from the file that `TECHNER_CONFIG` names.
A `TECHNER_*` variable overrides the file. Every command and every task of the DAG refuses a setting that is
unknown, out of bounds or in conflict with another one, and says where it is set.

```toml
store = "s3://models/ner"

[quality]
labels = ["PROGRAMMING_LANGUAGE", "FRAMEWORK_LIBRARY", "PROTOCOL"]

[scheme]
renamed = { LANGUAGE = "PROGRAMMING_LANGUAGE" }

[gate]
micro_margin = 0.005
```

In a variable, write a list as `TECHNER_QUALITY__LABELS=PROTOCOL,HARDWARE` or as JSON, and a table as JSON:
`TECHNER_SCHEME__RENAMED='{"LANGUAGE": "PROGRAMMING_LANGUAGE"}'`. A table in a variable replaces the table of
the file. To get a default of `null`, leave the setting out.

## Several models

```toml
[gate]
micro_margin = 0.005

[models.legal]
store = "s3://models/legal"
quality.labels = ["STATUTE", "COURT"]

[models.medical]
store = "s3://models/medical"
nights.schedule = "0 4 * * *"
gate.label_drop = 0.02
```

A table `[models.NAME]` takes every setting of this page, and overrides those outside of it, field by field;
a field that is itself a table, such as `scheme.renamed`, is replaced. A variable overrides both, for every
model.

- A name has letters, digits, `-` and `_`.
- Each model has a `store` of its own, not inside another's: else both models are refused, as all are if
  `TECHNER_STORE` is set. The cache may be one.
- `techner --model NAME` or `TECHNER_MODEL` chooses the model of a command; there is no default.
- What is wrong in one table stops that model alone."""
_PLAIN = {str: "text", bool: "`true` or `false`", tuple[str, ...]: "list of texts"}
_MEASURED = "docs/explanation/benchmarks.md"


def settings() -> Iterator[str]:
    """Yield the blocks of the page: the general settings, then a table per policy."""
    yield _ABOUT_SETTINGS
    sections = {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if is_dataclass(field.annotation)
    }
    yield "## General"
    meanings = _meanings(Settings)
    yield table(
        ("setting", "variable", "default", "meaning"),
        (
            (f"`{name}`", f"`{PREFIX}{name.upper()}`", _shown(field.default), meanings[name])
            for name, field in Settings.model_fields.items()
            if name not in sections
        ),
    )
    for section, policy in sections.items():
        yield f"## {section}"
        yield first_sentence(policy.__doc__).replace(
            _MEASURED, f"[Benchmarks](../{_MEASURED.removeprefix('docs/')})"
        )
        yield table(("setting", "variable", "value", "default", "meaning"), _fields_of(section, policy))


def _fields_of(section: str, policy: Any) -> Iterator[tuple[str, ...]]:
    bounds, types, meanings, defaults = bounds_of(policy), types_of(policy), _meanings(policy), policy()
    for field in fields(policy):
        value = _bounded(bounds.get(field.name), types[field.name])
        variable = f"{PREFIX}{section}__{field.name}".upper()
        default = _shown(getattr(defaults, field.name))
        yield f"`{section}.{field.name}`", f"`{variable}`", value, default, meanings[field.name]


def _bounded(bound: Any, kind: Any) -> str:
    match bound:
        case Range(least=int(least), most=most):
            found = f"whole number, {least} to {most}"
        case Range(least=least, most=most):
            found = f"number, {least:g} to {most:g}"
        case OneOf(words=words):
            found = " or ".join(f"`{word}`" for word in words)
        case SomeOf(words=words):
            found = "list of " + ", ".join(f"`{word}`" for word in words)
        case LabelNames():
            found = "table of labels" if get_origin(kind) is dict else "list of labels"
        case _:
            found = _PLAIN.get(kind, "table of codes")
    return found


def _shown(value: Any) -> str:
    if isinstance(value, Path):
        return f"`{value}`"
    return f"`{json.dumps(value)}`"


def _meanings(of: type[Any]) -> dict[str, str]:
    """Return the docstring under each field of a class, as one line."""
    body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(of))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - what getsource returns for a class
    found = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = getattr(getattr(after, "value", None), "value", None)
            if isinstance(text, str) and isinstance(after, ast.Expr):
                found[field.target.id] = " ".join(text.split())
    return found
