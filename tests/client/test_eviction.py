"""A service's cache is bounded too, and never loses what the service needs while the store is down."""

from pathlib import Path
from typing import Any

import pytest

from techner.client import ModelStore
from techner.core.errors import SettingsError
from techner.core.eviction import EvictionPolicy
from techner.registry.cache_entries import DAY_S
from techner.registry.eviction import evict
from tests.registry.test_eviction import age

Small = Any  # see conftest.py


def bounded(small: Small) -> ModelStore:
    return ModelStore(small.store.url, cache=small.cache, max_cache_bytes=1)


def kept(small: Small) -> set[str]:
    return {path.name for path in (small.cache / "models").iterdir()}


def test_a_pull_makes_earlier_versions_go_and_what_is_live_stays_though_the_store_is_lost(
    small: Small,
) -> None:
    models = bounded(small)
    assert kept(small) == {small.old}
    folder = models.pull()
    assert kept(small) == {small.new}
    del models
    evict(small.cache, EvictionPolicy(max_bytes=1))
    (small.root / "aliases").rename(small.root / "lost")
    assert bounded(small).pull() == folder


def test_what_a_process_pulled_by_its_version_stays_as_long_as_it_may_be_read(small: Small) -> None:
    models = bounded(small)
    folder = models.pull(small.old)
    models.pull()
    evict(small.cache, EvictionPolicy(max_bytes=1))
    assert folder.exists()
    del models
    evict(small.cache, EvictionPolicy(max_bytes=1))
    assert kept(small) == {small.new}


def test_a_model_that_served_for_months_is_not_old_once_the_next_one_comes(small: Small) -> None:
    models = small.models
    age(models.pull(), 100 * DAY_S)  # it was last looked at when it was loaded
    small.publish({"config.cfg": b"[nlp]", "meta.json": b"{}"}, number=2)
    models.pull()
    assert small.new in kept(small)


def test_what_is_gone_is_pulled_again(small: Small) -> None:
    models = bounded(small)
    models.pull()
    assert models.pull(small.old).name == small.old


def test_a_model_that_goes_while_it_is_loaded_is_pulled_and_loaded_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    import spacy

    nlp, folders = spacy.blank("en"), []

    def load(folder: Path) -> object:
        folders.append(folder)
        if len(folders) == 1:  # another process evicts it, where locks do nothing
            folder.rename(folder.with_name("gone"))
            raise OSError(f"no model in {folder}")
        return nlp

    monkeypatch.setattr(spacy, "load", load)
    assert small.models.load() is nlp
    assert len(folders) == 2


def test_a_bound_below_nothing_is_refused(small: Small) -> None:
    with pytest.raises(SettingsError, match=r"eviction\.max_bytes is -1: give a whole number from 0"):
        ModelStore(small.store.url, max_cache_bytes=-1)
