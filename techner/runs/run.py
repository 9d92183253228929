"""One run of the nightly job: its documents, and where it computes."""

from dataclasses import dataclass
from pathlib import Path

from techner.registry.workspace import Workspace
from techner.runs.documents import RunDocuments


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunDocuments):
    """What every task of a night gets."""

    cache: Path
    gpu: int | None = None

    @property
    def workspace(self) -> Workspace:
        return Workspace(store=self.store, cache=self.cache, gpu=self.gpu)
