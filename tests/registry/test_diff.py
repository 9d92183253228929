"""What differs between two versions."""

from typing import Any

from techner.core.delivery import BatchRef
from techner.core.manifest import FileEntry, LabelScore, Lineage, Manifest, Part
from techner.registry.diff import Difference, difference
from techner.store import MemoryStore
from tests.registry.making import manifest


def entry(path: str, content: str, size_bytes: int = 1) -> FileEntry:
    return FileEntry(path=path, sha256=content * 64, size_bytes=size_bytes)


def score(label: str, candidate: float | None) -> LabelScore:
    return LabelScore(
        label=label,
        part=Part.NEW,
        support=9,
        origin=None,
        production=None,
        candidate=candidate,
        low=None,
        high=None,
    )


def version(number: int, **parts: Any) -> tuple[str, Manifest]:
    return str(number), manifest(number, **parts)


def between(before: tuple[str, Manifest], after: tuple[str, Manifest]) -> Difference:
    return difference(MemoryStore(), before, after)


def lineage(*batches: str, seed: int, spacy: str = "3.8") -> Lineage:
    return Lineage(
        batches=tuple(BatchRef(name=name, digest=name) for name in batches),
        reference="r",
        seed=seed,
        code="c",
        libraries={"spacy": spacy},
    )


def test_a_version_does_not_differ_from_itself() -> None:
    same = between(version(1), version(1))
    assert {same.added, same.removed, same.changed, same.labels_added, same.batches_added} == {()}
    assert same.lineage == {}
    assert same.download_bytes == 0


def test_files_are_added_removed_and_changed() -> None:
    found = between(
        version(1, files=(entry("same", "a"), entry("old", "b"), entry("model", "c"))),
        version(2, files=(entry("same", "a"), entry("new", "d"), entry("model", "e"))),
    )
    assert [[one.path for one in part] for part in (found.added, found.removed, found.changed)] == [
        ["new"],
        ["old"],
        ["model"],
    ]


def test_download_counts_blobs_that_the_earlier_version_lacks_once() -> None:
    found = between(
        version(1, files=(entry("a", "a", 100),)),
        version(2, files=(entry("moved", "a", 100), entry("b", "b", 20), entry("copy of b", "b", 20))),
    )
    assert found.download_bytes == 20


def test_labels_and_batches_come_and_go() -> None:
    found = between(
        version(1, new_labels=("OLD",), lineage=lineage("one", "back", seed=0)),
        version(2, new_labels=("NEW",), lineage=lineage("one", "two", seed=0)),
    )
    assert (found.labels_added, found.labels_removed) == (("NEW",), ("OLD",))
    assert (found.batches_added, found.batches_removed) == (("two",), ("back",))


def test_another_seed_and_library_are_told_and_what_is_the_same_is_not() -> None:
    found = between(version(1, lineage=lineage(seed=0)), version(2, lineage=lineage(seed=1, spacy="3.9")))
    assert found.lineage == {"seed": ("0", "1"), "spacy": ("3.8", "3.9")}


def test_scores_stand_side_by_side_and_an_unmeasured_one_has_no_change() -> None:
    found = between(
        version(1, scores=(score("A", 0.5), score("GONE", 0.4))),
        version(2, scores=(score("A", 0.75), score("B", None))),
    )
    assert [(one.label, one.before, one.after, one.change) for one in found.scores] == [
        ("A", 0.5, 0.75, 0.25),
        ("B", None, None, None),
        ("GONE", 0.4, None, None),
    ]
