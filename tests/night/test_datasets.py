"""What a night reads and writes of the store, as tools are told that draw lineage."""

from dataclasses import replace
from pathlib import Path

from techner.core.delivery import BatchRef
from techner.core.manifest import FileEntry
from techner.core.run_documents import Corpus
from techner.night.datasets import of_examination, of_promotion
from techner.runs.run import Run
from techner.store import MemoryStore
from tests.web.conftest import PLAN, report_on

BATCH = BatchRef(name="before.jsonl", digest="d" * 64, metadata="e" * 64)


def test_an_examination_reads_a_delivery_under_its_name_of_today_and_its_metadata() -> None:
    found = of_examination(report_on(BATCH, "a" * 64), "today.jsonl")
    assert found.reads == {"inbox/today.jsonl": "d" * 64, "inbox/today.jsonl.meta.json": "e" * 64}
    assert found.writes == {f"batches/{'d' * 64}/{'a' * 16}": "a" * 64}
    bare = of_examination(report_on(replace(BATCH, metadata=None), "a" * 64), "today.jsonl")
    assert [*bare.reads] == ["inbox/today.jsonl"]


def test_a_promotion_reads_what_was_learnt_and_the_production_before(tmp_path: Path) -> None:
    run = Run(store=MemoryStore(), id="night", cache=tmp_path)
    part = FileEntry(path="part.jsonl", sha256="0" * 64, size_bytes=0)
    run.write(PLAN)
    run.write(
        Corpus(
            batches=(BATCH,),
            admissions=("a" * 64,),
            train=part,
            rehearsal=part,
            memory=part,
            holdout=part,
            scoring=part,
            counts={},
        )
    )
    found = of_promotion(run, "0002-fedcba9876543210")
    assert found.reads == {
        f"batches/{'d' * 64}/{'a' * 16}": "a" * 64,
        "aliases/production": PLAN.production,
    }
    assert found.writes == {"aliases/production": "0002-fedcba9876543210"}
