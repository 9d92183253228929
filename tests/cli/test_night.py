"""Two writers race for production: one wins, the other judges again against the winner."""

from dataclasses import replace

import pytest

from techner.cli.night import tell_night
from techner.core.verdict import Outcome
from techner.inbox.survey import survey
from techner.night.whole import Wanted
from techner.registry import Registry
from techner.runs.judgements import judgements
from techner.store import FolderStore
from tests.world import WHEN, World, quick, tech_batch

NAMES = ("second.jsonl", "third.jsonl")


class Raced(FolderStore):
    """Lets somebody else move production just before the first move that is tried."""

    winner: str | None = None
    removed: str | None = None
    """What is taken out of the inbox as soon as a night is planned."""

    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        if self.removed and key.endswith("/plan.json"):
            self.delete(self.removed)

    def create(self, key: str, data: bytes) -> None:
        if key.startswith("aliases/production/") and self.winner:
            version, self.winner = self.winner, None
            live, _ = Registry(self).production()
            Registry(self).move(version, expected=live, who="other", why="was faster", when=WHEN)
        super().create(key, data)


def test_the_loser_of_a_race_judges_again_against_the_production_that_won(promoted: World) -> None:
    assert isinstance(promoted.store, FolderStore)
    promoted.deliver("second.jsonl", tech_batch(210, 260))
    store = Raced(promoted.store.root)
    _, manifest = Registry(store).production()
    winner = store.winner = Registry(store).create(replace(manifest, base="of the winner"))
    raced = World(store, promoted.cache)
    assert tell_night(raced.run("run-2"), quick(), Wanted()) is Outcome.PROMOTE
    moves = [record for _, record in Registry(raced.store).log().records(limit=2)]
    assert [record.version for record in moves][1] == winner
    published = Registry(raced.store).manifest(moves[0].version)
    assert published.parent == winner
    assert [batch.name for batch in published.lineage.batches] == ["first.jsonl", "second.jsonl"]
    found = {record.id: record.outcome for _, record in judgements(raced.store).records(limit=2)}
    assert found == {"run-2-again": "promoted", "run-2": "superseded"}


def test_a_loser_whose_batches_the_winner_has_learnt_or_are_gone_ends_there(
    promoted: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(promoted.store, FolderStore)
    promoted.deliver("second.jsonl", tech_batch(210, 260))
    store = Raced(promoted.store.root)
    _, manifest = Registry(store).production()
    learnt = survey(store, quick(), cache=promoted.cache)
    lineage = replace(manifest.lineage, batches=tuple(state.ref for state in learnt))
    promoted.deliver("third.jsonl", tech_batch(260, 270))
    store.removed = "inbox/third.jsonl"
    store.winner = Registry(store).create(replace(manifest, lineage=lineage))
    assert tell_night(World(store, promoted.cache).run("run-2"), quick(), Wanted(batches=NAMES)) is None
    told = capsys.readouterr().err
    assert "third.jsonl: left out, it was removed after the plan" in told
    assert "production has learnt these batches in the meantime" in told
    assert [record.outcome for _, record in judgements(store).records(limit=1)] == ["superseded"]
