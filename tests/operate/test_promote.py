"""A person points an alias at a version; it is proved first."""

from dataclasses import replace

import pytest

from techner.core.errors import IntegrityError, RegistryError, UnknownVersion
from techner.core.verdict import Against, Check, CheckState, Verdict
from techner.registry import Registry
from techner.registry.clean_process import query_apart
from techner.runs.judgements import Word
from tests.moves import promote
from tests.world import WHEN, World

WHY = Word(who="cli:ada", when=WHEN, why="it was right after all")


def rolled_back(world: World) -> tuple[str, str]:
    """Let production name the origin again; returns the promoted version, and the origin."""
    version, manifest = Registry(world.store).production()
    origin = manifest.parent or ""
    Registry(world.store).move(origin, expected=version, who="test", why="rollback", when=WHEN)
    return version, origin


def test_a_version_that_was_taken_back_is_promoted_again_with_who_and_why(promoted: World) -> None:
    version, origin = rolled_back(promoted)
    promote(promoted.run("promote"), WHY, version=version)
    newest = next(record for _, record in Registry(promoted.store).log().records())
    assert (newest.version, newest.previous, newest.who) == (version, origin, "cli:ada")
    assert newest.why == "promoted: it was right after all"
    assert not any(promoted.store.list("runs/promote/"))


def test_a_pin_is_an_alias_of_another_name(promoted: World) -> None:
    live, manifest = Registry(promoted.store).production()
    promote(promoted.run("promote"), WHY, version=manifest.parent or "", alias="audit-2026")
    assert [record.version for _, record in Registry(promoted.store).log("audit-2026").records()] == [
        manifest.parent
    ]
    assert Registry(promoted.store).production()[0] == live


def test_production_goes_back_by_rollback_alone(promoted: World) -> None:
    live, manifest = Registry(promoted.store).production()
    with pytest.raises(RegistryError, match=f"model rollback --to {manifest.parent}"):
        promote(promoted.run("promote"), WHY, version=manifest.parent or "")
    assert Registry(promoted.store).production()[0] == live


@pytest.mark.parametrize("alias", ["", "Production", "0001-abc", "a/b", "../x", "a b"])
def test_an_alias_is_a_plain_name_that_no_version_has(promoted: World, alias: str) -> None:
    with pytest.raises(RegistryError, match="is not an alias"):
        promote(promoted.run("promote"), WHY, version=Registry(promoted.store).production()[0], alias=alias)


def test_a_version_that_is_live_unknown_or_without_a_reason_is_refused(promoted: World) -> None:
    version, _ = Registry(promoted.store).production()
    with pytest.raises(RegistryError, match="already"):
        promote(promoted.run("promote"), WHY, version=version)
    with pytest.raises(UnknownVersion):
        promote(promoted.run("promote"), WHY, version="0009-0123456789abcdef")
    with pytest.raises(RegistryError, match="--why"):
        promote(promoted.run("promote"), replace(WHY, why=" "), version=version)


def test_a_rejected_version_and_one_that_does_not_load_are_not_promoted(promoted: World) -> None:
    live, manifest = Registry(promoted.store).production()
    failed = Check(
        name="micro F1", against=Against.ORIGIN, rule="", baseline=0.9, candidate=0.1, low=-0.9, high=-0.7,
        margin=0.01, support=9, state=CheckState.FAILED,
    )  # fmt: skip
    rejected = Registry(promoted.store).create(replace(manifest, verdict=Verdict(checks=(failed,))))
    with pytest.raises(RegistryError, match="the gate rejected"):
        promote(promoted.run("promote"), WHY, version=rejected)
    whole = tuple(entry for entry in manifest.files if entry.path != "config.cfg")
    broken = Registry(promoted.store).create(replace(manifest, files=whole))
    with pytest.raises(IntegrityError, match="does not load"):
        promote(promoted.run("promote"), WHY, version=broken, query=query_apart)
    assert Registry(promoted.store).production()[0] == live
