"""One run of the nightly job: its documents, and where it computes."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from techner.core.eviction import EvictionPolicy
from techner.registry.workspace import Workspace
from techner.runs.documents import RunDocuments


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunDocuments):
    """What every task of a night gets."""

    cache: Path
    gpu: int | None = None
    eviction: EvictionPolicy = field(default_factory=EvictionPolicy)

    @property
    def workspace(self) -> Workspace:
        return Workspace(store=self.store, cache=self.cache, eviction=self.eviction)


def own_id(what: str) -> str:
    """Return an id that no other run has: two who act at once must not share what is reserved."""
    return f"{what}-{uuid4().hex[:8]}"
