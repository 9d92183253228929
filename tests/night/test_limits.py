"""What a task says it touches is what it can touch, and what the map of the night shows."""

import re
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from techner.core.run_documents import Corpus, Plan
from techner.night.limits import TOUCHES, task
from techner.night.order import TASKS, LastTask
from techner.runs.documents import NAMES
from techner.runs.run import Run
from techner.store import MemoryStore

NIGHT = {*TASKS, *LastTask, "skip"} - {"ask"}
ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
NODE = re.compile(r'(\w+)(?:\(?\["([^"]*)"\]\)?|\{(\w+)\})?')
ARROW = re.compile(r" -->(?:\|([^|]*)\|)? ")
SVG = "{http://www.w3.org/2000/svg}"


@task(reads=(Corpus,), keeps=("blobs/",))
def idle(run: Run, key: str) -> None:
    run.store.put(key, b"")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(store=MemoryStore(), id="r", cache=tmp_path)


def test_a_task_writes_where_it_says(run: Run) -> None:
    idle(run, "blobs/x")
    assert run.store.get("blobs/x") == b""


@pytest.mark.parametrize("key", ["aliases/production/1.json", "runs/r/plan.json", "runs/r/corpus.json"])
def test_a_task_writes_nowhere_else(run: Run, key: str) -> None:
    with pytest.raises(AssertionError, match=f"task idle does not declare that it writes {key}"):
        idle(run, key)


def test_a_task_reads_no_other_document(run: Run) -> None:
    @task(reads=(Corpus,))
    def curious(run: Run) -> None:
        run.find(Corpus)
        run.find(Plan)

    with pytest.raises(AssertionError, match=r"does not declare that it reads plan\.json"):
        curious(run)


def test_every_task_says_what_it_touches() -> None:
    for module in (*TASKS, "publish", "reject"):
        import_module(f"techner.night.{module}")
    assert TOUCHES.keys() >= NIGHT


@pytest.mark.parametrize("name", ["plan", "assemble", "uptrain", "evaluate", "judge"])
def test_the_map_of_the_night_shows_the_documents_that_a_task_writes(name: str) -> None:
    import_module(f"techner.night.{name}")
    drawn = re.search(rf'{name}\["{name}<br/>.*?writes (.*?)"\]', MAP)
    assert drawn
    told = {part.removeprefix("runs/") for part in drawn[1].split(", ")}
    written = {NAMES[kind].removesuffix(".json") for kind in TOUCHES[name].writes}
    assert told >= written | {*TOUCHES[name].scratch}


def test_the_picture_of_the_night_is_its_map() -> None:
    """The site shows the picture instead of the map's source (tools/site.py)."""
    nodes: dict[str, list[str]] = {}
    edges: dict[str, str] = {}
    for line in MAP.partition("flowchart TD\n")[2].partition("```")[0].splitlines():
        first, *rest = ARROW.split(line.strip())
        ends = [NODE.fullmatch(node) for node in (first, *rest[1::2])]
        found = [end for end in ends if end]
        assert len(found) == len(ends), line
        nodes |= {end[1]: (end[2] or end[3]).split("<br/>") for end in found if end[2] or end[3]}
        for before, label, after in zip(found, rest[::2], found[1:], strict=False):
            edges[f"{before[1]} {after[1]}"] = label or ""
    groups = ET.parse(ROOT / "docs" / "one-night.svg").getroot().findall(f"{SVG}g")  # noqa: S314 - ours
    said = [(group, [text.text or "" for text in group.findall(f"{SVG}text")]) for group in groups]
    assert {group.attrib["id"]: texts for group, texts in said if "id" in group.attrib} == nodes
    assert {
        group.attrib["data-edge"]: "".join(texts) for group, texts in said if "id" not in group.attrib
    } == edges
