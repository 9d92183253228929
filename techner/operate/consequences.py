"""What a move of production would change, told before it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from techner.core.delivery import BatchRef
from techner.core.errors import NotInitialised
from techner.core.manifest import Manifest, Part
from techner.core.records import Generation
from techner.core.verdict import Outcome
from techner.operate.promote import is_made_from
from techner.registry import Registry
from techner.registry.lineage import learnt_only_by
from techner.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """The F1 of a label, each version's as its own night measured it; None where it was not."""

    label: str
    part: Part
    now: float | None
    then: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """Production as it is, and a version that it may be moved to."""

    move: Generation
    """The newest move of production."""
    live: Manifest
    version: str
    manifest: Manifest
    is_earlier: bool
    """Whether production was made from the version: a rollback leads there, not a promotion."""
    taken_out: tuple[BatchRef, ...]
    """What production has learnt and the version has not."""
    brought_in: tuple[BatchRef, ...]
    """What the version has learnt and production has not."""

    @property
    def is_live(self) -> bool:
        return self.version == self.move.version

    @property
    def is_rejected(self) -> bool:
        return self.manifest.verdict is not None and self.manifest.verdict.outcome is Outcome.REJECT

    @property
    def labels_lost(self) -> tuple[str, ...]:
        return tuple(label for label in self.live.new_labels if label not in self.manifest.new_labels)

    @property
    def labels_gained(self) -> tuple[str, ...]:
        return tuple(label for label in self.manifest.new_labels if label not in self.live.new_labels)

    @property
    def scores(self) -> tuple[LabelChange, ...]:
        """What both versions' nights measured, label by label; the origin had no night."""
        now, then = _measured(self.live, self.manifest), _measured(self.manifest, self.live)
        return tuple(
            LabelChange(label=label, part=part, now=now.get((label, part)), then=then.get((label, part)))
            for label, part in dict.fromkeys((*now, *then))
        )


def _measured(version: Manifest, other: Manifest) -> dict[tuple[str, Part], float | None]:
    if version.scores:
        return {(score.label, score.part): score.candidate for score in version.scores}
    return {(score.label, score.part): score.origin for score in other.scores}


def consequences(
    store: Store, version: str, *, parent_of: Callable[[str], str | None] | None = None
) -> Consequences:
    """Read what is needed to tell; raises UnknownVersion, and NotInitialised if there is no production.

    `parent_of` tells what a version was made from, so that not every manifest between the two is read.
    """
    registry = Registry(store)
    newest = registry.log().newest()
    if newest is None:
        raise NotInitialised(store.url)
    move, manifest = newest.record, registry.manifest(version)
    live = registry.manifest_of(move)
    return Consequences(
        move=move,
        live=live,
        version=version,
        manifest=manifest,
        is_earlier=is_made_from(parent_of or registry.parent_of, move.version, version),
        taken_out=learnt_only_by(store, live, manifest),
        brought_in=learnt_only_by(store, manifest, live),
    )
