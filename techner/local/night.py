"""One run of the DAG in Airflow, in a process of its own, followed task by task."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from techner.core.errors import TechnerError
from techner.local.environment import ROOT

_EVENT = re.compile(r"\[DAG TEST\] (?P<event>starting|end task) task_id=(?P<task>\w+)")
_SAID = re.compile(r"\[info +\] (?P<said>.*?) +\[techner\.nightly\]")


def run_night(
    environment: Mapping[str, str],
    conf: Mapping[str, Any],
    *,
    log: Path,
    on_task: Callable[[str, str], None] = lambda task, said: None,
) -> None:
    """Run the DAG to its end; `on_task` is told each task and what it says.

    Raises TechnerError with the end of the log where the run fails.
    """
    command = [sys.executable, str(ROOT / "dags" / "techner_nightly.py"), json.dumps(conf)]
    log.parent.mkdir(parents=True, exist_ok=True)
    task = ""
    with log.open("w", encoding="utf-8") as copy:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in process.stdout or ():
            copy.write(line)
            if event := _EVENT.search(line):
                task = event["task"]
                if task == "ask":
                    process.kill()  # the operator would wait for ever here, and it ignores SIGTERM
                    raise TechnerError(f"the gate asks a person: run the DAG under a scheduler; see {log}")
                on_task(task, "done" if event["event"] == "end task" else "")
            elif said := _SAID.search(line):
                on_task(task, said["said"])
        code = process.wait()
    if code:
        tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise TechnerError(f"the run of the DAG failed; the end of {log}:\n{tail}")
