"""The page of the command line, from the commands themselves."""

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer.main

from techner.cli.app import app
from tools.reference.markdown import first_sentence, table

_ABOUT_COMMANDS = """\
Data goes to stdout, and everything else to stderr. `--train` and `--gold` take several files:
`--train monday.jsonl tuesday.jsonl`. `techner --model NAME`, before the command, chooses one of
[several models](settings.md#several-models). `techner --version` prints the version, and `--help` after a
command prints what this page says about it.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | error: one line on stderr says what is wrong and what to do |
| 2 | wrong usage |
| 3 | a delivery or a candidate is rejected, or the gate asks a person |
| 3 | `evaluate` set rows aside; `doctor` found a set that is too small for its margin |
| 130, 143, 129 | stopped by Ctrl-C, SIGTERM or SIGHUP; nothing is half-written |"""
_TYPES = {str: "TEXT", int: "INTEGER", Path: "PATH"}


def command_line() -> Iterator[str]:
    """Yield the blocks of the page: a table of the commands, then each with its options."""
    found = list(commands(typer.main.get_command(app)))
    yield _ABOUT_COMMANDS
    yield table(
        ("command", "what it does"),
        ((f"[`{name}`](#{name.replace(' ', '-')})", first_sentence(command.help)) for name, command in found),
    )
    for name, command in found:
        yield f"## {name}"
        yield inspect.cleandoc(command.help)
        yield f"    {' '.join((name, *_usage(command)))}"
        if command.params:
            rows = (_parameter(parameter) for parameter in command.params)
            yield table(("argument or option", "default", "meaning"), rows)


def commands(group: Any, path: tuple[str, ...] = ("techner",)) -> Iterator[tuple[str, Any]]:
    """Yield every command below a group with its full name: `techner batch check`."""
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def _usage(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.name.upper() + ("…" if parameter.nargs == -1 else "")
        else:
            name = _option(parameter)
        yield name if parameter.required else f"[{name}]"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    is_argument = parameter.param_type_name == "argument"
    name = parameter.name.upper() if is_argument else _option(parameter)
    default = "required" if parameter.required else _default(parameter)
    return f"`{name}`", default, parameter.help or ""


def _option(parameter: Any) -> str:
    if parameter.is_flag:
        return str(parameter.opts[0])
    annotation = parameter.type_descriptor.annotation
    kind = get_args(annotation)[0] if get_args(annotation) else annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"{parameter.opts[0]} {'|'.join(member.value for member in kind)}"
    return f"{parameter.opts[0]} {_TYPES[kind]}"


def _default(parameter: Any) -> str:
    value = parameter.default
    value = value.value if isinstance(value, Enum) else value
    return "" if value is None or value is False or value == [] else f"`{value}`"
