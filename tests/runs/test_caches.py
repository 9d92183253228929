"""A cache that cannot be used is one sentence, whatever asks for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from techner.core.errors import CacheError
from techner.inbox.survey import survey
from techner.operate.doctor import diagnose
from techner.registry import Registry
from tests.world import POLICIES, WHEN, World, tech_batch


def lay_out_a_model(world: World) -> None:
    with world.run("a").workspace.model(Registry(world.store).production()[1].files):
        pass


def look_at_the_inbox(world: World) -> None:
    survey(world.store, POLICIES, cache=world.cache)


def look_it_over(world: World) -> None:
    diagnose(world.workspace, POLICIES, now=WHEN)


@pytest.mark.parametrize(
    ("use", "obstacle"),
    [
        (lay_out_a_model, ""),
        (lay_out_a_model, "blobs"),
        (look_at_the_inbox, ""),
        (look_at_the_inbox, "deliveries"),
        (look_it_over, ""),
        (look_it_over, "deliveries"),
    ],
)
def test_a_file_in_the_place_of_a_folder_of_the_cache_is_an_error_of_the_cache(
    use: Callable[[World], None], obstacle: str, world: World, tmp_path: Path
) -> None:
    world.deliver("monday.jsonl", tech_batch(0, 2))
    cache = tmp_path / "cache"
    if obstacle:
        cache.mkdir()
    (cache / obstacle).write_text("in the way")
    with pytest.raises(CacheError, match=r"cache .*; correct that, or give another folder as `cache`"):
        use(World(world.store, cache))
