"""How two versions differ: files, labels, batches, scores."""

from techner.core.document import document
from techner.core.manifest import FileEntry, Manifest, Part
from techner.registry.lineage import learnt_apart
from techner.store import Store


@document
class ScoreChange:
    """F1 of one label on one frozen set, from 0 to 1, as each version was judged."""

    label: str
    part: Part
    before: float | None
    after: float | None

    @property
    def change(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return round(self.after - self.before, 4)


@document
class Difference:
    """From one version to another."""

    before: str
    after: str
    added: tuple[FileEntry, ...]
    removed: tuple[FileEntry, ...]
    changed: tuple[FileEntry, ...]
    """As the later version has them."""
    download_bytes: int
    """Bytes that a service with `before` in its cache downloads to get `after`."""
    labels_added: tuple[str, ...]
    labels_removed: tuple[str, ...]
    batches_added: tuple[str, ...]
    batches_removed: tuple[str, ...]
    lineage: dict[str, tuple[str | None, str | None]]
    """What else differs: seed, strategy, code, libraries …"""
    scores: tuple[ScoreChange, ...]


def difference(store: Store, before: tuple[str, Manifest], after: tuple[str, Manifest]) -> Difference:
    """Compare two versions of a store, each with its name.

    Scores compare only if the frozen sets are the same. Raises what `learnt` raises.
    """
    (old_name, old), (new_name, new) = before, after
    old_files = {entry.path: entry for entry in old.files}
    new_files = {entry.path: entry for entry in new.files}
    missing = {entry.sha256: entry.size_bytes for entry in new.files}
    for entry in old.files:
        missing.pop(entry.sha256, None)
    old_labels, new_labels = ({*one.pretrained_labels, *one.new_labels} for one in (old, new))
    old_batches, new_batches = ({batch.name for batch in one} for one in learnt_apart(store, old, new))
    return Difference(
        before=old_name,
        after=new_name,
        added=tuple(entry for path, entry in new_files.items() if path not in old_files),
        removed=tuple(entry for path, entry in old_files.items() if path not in new_files),
        changed=tuple(
            entry
            for path, entry in new_files.items()
            if path in old_files and old_files[path].sha256 != entry.sha256
        ),
        download_bytes=sum(missing.values()),
        labels_added=tuple(sorted(new_labels - old_labels)),
        labels_removed=tuple(sorted(old_labels - new_labels)),
        batches_added=tuple(sorted(new_batches - old_batches)),
        batches_removed=tuple(sorted(old_batches - new_batches)),
        lineage=_lineage(old, new),
        scores=_scores(old, new),
    )


def _lineage(old: Manifest, new: Manifest) -> dict[str, tuple[str | None, str | None]]:
    def facts(manifest: Manifest) -> dict[str, str]:
        lineage = manifest.lineage
        named = {
            name: getattr(lineage, name)
            for name in ("reference", "corpus", "policies", "strategy", "seed", "code")
        }
        return {name: str(value) for name, value in (named | lineage.libraries).items() if value is not None}

    one, two = facts(old), facts(new)
    return {
        name: (one.get(name), two.get(name))
        for name in dict.fromkeys((*one, *two))
        if one.get(name) != two.get(name)
    }


def _scores(old: Manifest, new: Manifest) -> tuple[ScoreChange, ...]:
    one, two = ({(s.part, s.label): s.candidate for s in manifest.scores} for manifest in (old, new))
    return tuple(
        ScoreChange(label=label, part=part, before=one.get((part, label)), after=two.get((part, label)))
        for part, label in dict.fromkeys((*two, *one))
    )
