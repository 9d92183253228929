"""A service follows its alias: the old model serves until the new one has answered, whatever happens."""

import logging
import time
from collections.abc import Callable, Iterator

import pytest

from techner.client import Live, ModelStore
from techner.core.errors import IntegrityError, ModelError, StoreError
from techner.registry import Registry
from techner.registry.blobs import blob_key
from tests.client.test_models import promote_broken
from tests.world import STORE, WHEN, World

TEXT = "The gateway speaks MQTT."


def roll_back(world: World) -> str:
    """Point production at its parent."""
    version, manifest = Registry(world.store).production()
    assert manifest.parent
    Registry(world.store).move(manifest.parent, expected=version, who="t", why="t", when=WHEN)
    return manifest.parent


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds; the limit of the test ends what never does."""
    while not condition():
        time.sleep(0.01)


@pytest.fixture
def models(promoted: World) -> ModelStore:
    return ModelStore(promoted.store.url, cache=promoted.cache)


@pytest.fixture
def live(models: ModelStore) -> Iterator[Live]:
    with models.watch(every_s=3600) as live:
        yield live


def test_what_is_moved_to_serves_after_the_next_poll(live: Live, promoted: World) -> None:
    target = roll_back(promoted)
    assert live.refresh()
    assert live.current.version == live.current.nlp.meta["techner_version"] == target


def test_a_poll_without_change_keeps_the_very_model(live: Live) -> None:
    before = live.current
    assert not live.refresh()
    assert live.current is before


def test_a_request_keeps_the_model_that_it_began_with(live: Live, promoted: World) -> None:
    before = live.current
    expected = [ent.text for ent in before.nlp(TEXT).ents]
    roll_back(promoted)
    live.refresh()
    assert [ent.text for ent in before.nlp(TEXT).ents] == expected
    assert before.version != live.current.version


def test_a_model_that_does_not_load_does_not_serve(live: Live, promoted: World) -> None:
    before = live.current
    promote_broken(promoted)
    with pytest.raises(ModelError):
        live.refresh()
    assert live.current is before
    assert isinstance(live.error, ModelError)


def test_an_altered_model_does_not_serve(live: Live, promoted: World) -> None:
    before = live.current
    target = Registry(promoted.store).production()[1].parent or ""
    own = {entry.sha256 for entry in Registry(promoted.store).production()[1].files}
    roll_back(promoted)
    changed = next(e for e in Registry(promoted.store).production()[1].files if e.sha256 not in own)
    promoted.store.put(blob_key(changed.sha256), b"altered")
    with pytest.raises(IntegrityError, match="altered"):
        live.refresh()
    assert live.current is before
    assert before.version != target


def test_a_store_that_is_down_is_said_until_it_answers_again(live: Live, promoted: World) -> None:
    root = promoted.cache.parent / STORE
    root.rename(root.with_name("away"))
    with pytest.raises(StoreError):
        live.refresh()
    assert isinstance(live.error, StoreError)
    root.with_name("away").rename(root)
    assert not live.refresh()
    assert live.error is None


def test_the_thread_follows_by_itself_and_outlives_errors(models: ModelStore, promoted: World) -> None:
    with models.watch(every_s=0.02) as live:
        broken = promote_broken(promoted)
        wait_for(lambda: isinstance(live.error, ModelError))
        target = Registry(promoted.store).production()[1].parent or ""
        Registry(promoted.store).move(target, expected=broken, who="t", why="t", when=WHEN)
        promoted_again = live.current.version
        assert promoted_again == target
        wait_for(lambda: live.error is None)
        target = roll_back(promoted)
        wait_for(lambda: live.current.version == target)
        assert live.is_polling


class Failing(ModelStore):
    """A store of models whose next loads raise what it is told to."""

    raises: BaseException | None = None

    def resolve(self, name: str = "production") -> str:
        if self.raises:
            raise self.raises
        return super().resolve(name)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RecursionError("deep"),
        OSError("disk"),
        ValueError("shape"),
        KeyError("E018"),
        ImportError("spacy_transformers"),
        AssertionError(),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
        RuntimeError("can't start new thread"),
        StopIteration(),
        SystemExit(1),
        StoreError("down"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_thread_says_what_it_met_and_goes_on_whatever_it_was(
    promoted: World, error: BaseException
) -> None:
    models = Failing(promoted.store.url, cache=promoted.cache)
    with models.watch(every_s=0.01) as live:
        before = live.current
        models.raises = error
        wait_for(lambda: live.error is not None)
        assert (type(error).__name__ if not isinstance(error, StoreError) else "down") in str(live.error)
        models.raises = None
        wait_for(lambda: live.error is None)
        assert live.is_polling
        assert live.current is before


class Raising(logging.Handler):
    """A handler of the service's own that is out of order."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ConnectionError(record.getMessage())


@pytest.mark.parametrize("error", [MemoryError(), StoreError("down")], ids=lambda error: type(error).__name__)
def test_the_thread_outlives_a_log_that_raises(
    promoted: World, request: pytest.FixtureRequest, error: BaseException
) -> None:
    handler, log = Raising(), logging.getLogger("techner.client.watch")
    log.addHandler(handler)
    request.addfinalizer(lambda: log.removeHandler(handler))
    models = Failing(promoted.store.url, cache=promoted.cache)
    with models.watch(every_s=0.01) as live:
        models.raises = error
        wait_for(lambda: live.error is not None)
        models.raises = None
        wait_for(lambda: live.error is None)
        target = roll_back(promoted)
        wait_for(lambda: live.current.version == target)
