"""What tasks of a night read and write of the store, for tools that draw lineage (ADR 48)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from techner.core.delivery import QualityReport
from techner.core.run_documents import Corpus, Plan
from techner.inbox.admissions import admission_folder
from techner.inbox.deliveries import INBOX, METADATA
from techner.registry import PRODUCTION
from techner.runs.run import Run

ALIAS = f"aliases/{PRODUCTION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Datasets:
    """Keys of the store, or folders in it, each with what names the state it was in."""

    reads: Mapping[str, str] = field(default_factory=dict)
    writes: Mapping[str, str]


def of_examination(report: QualityReport, name: str) -> Datasets:
    """Return those of `admit`: the delivery, called `name` in the inbox today, and what was found in it."""
    batch = report.batch
    metadata = {f"{INBOX}{name}{METADATA}": batch.metadata} if batch.metadata else {}
    return Datasets(
        reads={f"{INBOX}{name}": batch.digest} | metadata,
        writes={admission_folder(batch, report.admission): report.admission},
    )


def of_promotion(run: Run, version: str) -> Datasets:
    """Return those of `publish`: examined batches and the production before, and the production after."""
    plan, corpus = run.read(Plan), run.read(Corpus)
    examined = zip(corpus.batches, corpus.admissions, strict=True)
    return Datasets(
        reads={admission_folder(batch, name): name for batch, name in examined} | {ALIAS: plan.production},
        writes={ALIAS: version},
    )


def of_move(version: str) -> Datasets:
    """Return those of a move that no night made."""
    return Datasets(writes={ALIAS: version})
