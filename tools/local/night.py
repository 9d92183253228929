"""One run of the DAG in Airflow, in its own process, followed task by task."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from techner.core.errors import TechnerError
from tools.local.environment import ROOT

_EVENT = re.compile(r"\[DAG TEST\] (?P<event>starting|end task) task_id=(?P<task>\w+)")
_SAID = re.compile(r"\[info +\] (?P<said>.*?) +\[techner\.nightly\]")


def run_night(
    environment: Mapping[str, str],
    conf: Mapping[str, Any],
    *,
    log: Path,
    on_task: Callable[[str, str], None] = lambda task, said: None,
) -> None:
    """Run the DAG to its end; `on_task` gets the name of a task and its message, or `done`.

    Raises TechnerError with the end of the log if the run fails, or the gate asks a person.
    """
    command = [sys.executable, str(ROOT / "dags" / "techner_nightly.py"), json.dumps(conf)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as copy,
        subprocess.Popen(
            command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        try:
            _follow(process.stdout or (), copy, on_task)
        except BaseException:
            process.kill()  # the caller stopped: the run must not go on unwatched
            raise
    if process.returncode:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise TechnerError(f"the run of the DAG failed; the end of {log}:\n{tail}")


def _follow(lines: Iterable[str], copy: TextIO, on_task: Callable[[str, str], None]) -> None:
    task = ""
    for line in lines:
        copy.write(line)
        if event := _EVENT.search(line):
            task = event["task"]
            if task == "ask":  # the operator would wait for ever here, and it ignores SIGTERM
                raise TechnerError(f"the gate asks a person: run the DAG with a scheduler; see {copy.name}")
            on_task(task, "done" if event["event"] == "end task" else "")
        elif said := _SAID.search(line):
            on_task(task, said["said"])
