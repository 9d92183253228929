"""A store with one of each to look at: a promoted, a rejected and an asking run, and texts that attack."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from techner.core.examples import Example, Span
from techner.core.policy import Policies
from techner.core.run_documents import Corpus, Plan, Progress
from techner.documents import dump, parse
from techner.runs.documents import PROGRESS
from techner.store import FolderStore
from tests.nights import DOCUMENTS
from tests.world import POLICIES, WHEN, World, make_origin, quick, strict, tech_batch

PROMOTED = "scheduled__2026-11-19T02:00:00+00:00"
REJECTED = "scheduled__2026-11-20T02:00:00+00:00"
ASKED = "scheduled__2026-11-21T02:00:00+00:00"
"""A run that nobody has answered; tests ask about copies of it."""
BEGUN = "scheduled__2026-11-22T02:00:00+00:00"
"""A run whose training was stopped."""
SCRIPT = "<script>document.title = 'attacked'; alert(1)</script>"
BACKWARDS = "\u202e"  # RIGHT-TO-LEFT OVERRIDE: what follows is shown from right to left
IMAGE = "<img src=x onerror=alert(1)>"
HOSTILE_BATCH = f"{IMAGE}.jsonl"
UNREADABLE = f"{IMAGE}{BACKWARDS}gnp.jsonl"
"""Lies in the inbox, where no store of ours would write it."""
LINE = 100_000
ENOUGH = 8
"""Epochs after which a candidate finds the attack where it is annotated, so that the report quotes it."""


def asking() -> Policies:
    """Return policies under which the gate asks: no set is large enough."""
    policies = quick()
    training = replace(policies.training, epochs=ENOUGH)
    return replace(policies, training=training, gate=replace(policies.gate, min_support=10**6))


def settings(policies: Policies = POLICIES) -> dict[str, str]:
    """Return the settings of the nights in Airflow, as quick as can be; their gate asks."""
    corpus, gate = policies.corpus, asking().gate
    named = {
        "TRAINING__EPOCHS": 1,
        "TRAINING__BATCH_WORDS": 500,
        "CORPUS__REHEARSAL_TEXTS": corpus.rehearsal_texts,
        "CORPUS__HOLDOUT_SHARE": corpus.holdout_share,
    } | {f"GATE__{name.upper()}": value for name, value in asdict(gate).items() if name != "seed"}
    return {f"TECHNER_{name}": str(value) for name, value in named.items()}


def begin(state: Path, base_model: Path, more: tuple[Example, ...]) -> World:
    """Make a store with an origin in the state folder of `make up`; `more` is in its reference set."""
    store = FolderStore(state / "store")
    make_origin(store, base_model, more=more)
    return World(store, state / "cache")


def fill(world: World, deliver_last: Callable[[World], None]) -> None:
    """Run the nights before tonight, and leave the last one asking."""
    world.deliver("monday.jsonl", tech_batch(0, 60))
    assert world.night(PROMOTED, quick())
    world.deliver("tuesday.jsonl", tech_batch(210, 240))
    assert world.night(REJECTED, strict()) is None
    deliver_last(world)
    world.until("judge", ASKED, asking())
    like, stopped = world.run(ASKED), world.run(BEGUN)
    for kind in (Plan, Corpus):
        world.store.put(stopped.key(kind), world.store.get(like.key(kind)))
    told = Progress(epoch=2, epochs=ENOUGH, minutes_left=3.5, when=WHEN)
    world.store.put(stopped.folder + PROGRESS, dump(told))


def attacking_names() -> tuple[Example, ...]:
    """Return texts of the regression set: the report of a run quotes some."""
    return tuple(
        Example(
            f"{SCRIPT} {BACKWARDS}{name} met Ada {n} times",
            (Span(len(SCRIPT) + 2, len(SCRIPT) + 5, "PERSON"),),
        )
        for n, name in enumerate(("Bob", "Eve", "Kay", "Jim", "Tom", "Ann", "Sue", "Max", "Lea", "Kim") * 3)
    )


def hostile_batch(world: World) -> None:
    """Deliver texts of which some are accepted, and some set aside, and a file that cannot be read."""
    attack = [0, len(SCRIPT), "PROTOCOL"]
    rows = [(f"{SCRIPT} speaks TLS {BACKWARDS}daily, {n} times", [attack]) for n in range(60)]
    rows += [(f"{SCRIPT} {'y' * LINE}", [attack]), (f"{SCRIPT} and {BACKWARDS}more", [[0, 3, SCRIPT]])]
    lines = [json.dumps({"text": text, "label": spans}) for text, spans in rows]
    world.store.create(f"inbox/{HOSTILE_BATCH}", "\n".join(lines).encode())
    (world.cache.parent / "store" / "inbox" / UNREADABLE).write_bytes(b"{}")


def kind_batch(world: World) -> None:
    world.deliver("wednesday.jsonl", tech_batch(250, 310))


def ask_again(world: World, run_id: str) -> str:
    """Make another run that asks, like the first but for its name; returns the name."""
    like, run = world.run(ASKED), world.run(run_id)
    for kind in DOCUMENTS:
        key = like.key(kind)
        run.write(parse(kind, like.store.get(key), where=key))
    return run_id
