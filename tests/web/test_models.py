"""The pages of versions: night by night, one by itself, two compared."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from techner.core.delivery import BatchRef
from techner.core.policy import GatePolicy, Policies, SchemePolicy, TrainingPolicy
from techner.core.records import Generation
from techner.documents import canonical, dump, plain
from techner.inbox.survey import survey
from techner.registry import Registry
from techner.registry.lineage import PART_BATCHES, continued
from techner.registry.versions import manifest_key
from techner.store import MemoryStore
from techner.web.chart import chart
from techner.web.known import Known
from techner.web.reading import Reading
from tests.web.conftest import PLAN, WHEN, save_version
from tests.world import POLICIES, World, strict, tech_batch

Client = Callable[..., TestClient]
Filled = Any  # see conftest.py


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def versions(world: World) -> tuple[str, str]:
    """Return what the first night and the second one made."""
    second, manifest = Registry(world.store).production()
    assert manifest.parent
    return manifest.parent, second


def test_each_night_is_a_point_of_the_chart_and_a_row_of_the_table(twice: World, client: Client) -> None:
    twice.deliver("third.jsonl", tech_batch(270, 300))
    assert twice.night("night-3", strict(POLICIES)) is None
    page = client(twice.store).get("/models").text
    for panel in page.split("<svg")[1:]:
        drawn = panel.partition("</svg>")[0]
        assert re.findall(r'<circle class="(\w+)"', drawn) == ["dot", "dot", "hollow"]
        values = re.findall(r", (0\.\d+)</title>", drawn)
        assert all(f">{value}</td>" in page for value in values)
    rows = re.findall(r'data-of="outcome"><[^>]+>([\w ]+)<', page)
    assert rows == ["rejected", "promoted", "promoted"]
    assert 'class="origin"' in page
    assert 'class="margin"' in page


def test_a_rollback_is_an_arrow_and_a_line_with_its_reason(twice: World, client: Client) -> None:
    first, second = versions(twice)
    assert 'class="back"' not in client(twice.store).get("/models").text
    Registry(twice.store).move(first, expected=second, who="cli:ada", why="rollback: <b>wrong</b>", when=WHEN)
    page = client(twice.store).get("/models").text
    assert page.count('class="back"') == 2  # one a panel
    assert f"from {second} to {first} by cli:ada rollback: &lt;b&gt;wrong" in text_of(page)


def test_an_arrow_goes_to_the_night_that_was_gone_back_to(twice: World) -> None:
    first, second = versions(twice)
    here = Reading(store=twice.store, known=Known(), policies=Policies(), cache=twice.cache)
    back = Generation(
        id="b", alias="production", number=9, version=first, manifest="", previous=second, before=None,
        who="ada", why="", when=WHEN,
    )  # fmt: skip
    drawn = chart(here.nights, [back])
    assert drawn
    ((start, end),) = [(arrow.start, arrow.end) for arrow in drawn.backs]
    xs = {dot.night.version: dot.x for dot in drawn.panels[0].dots}
    assert (start, end) == (xs[second], xs[first])


def test_scores_a_thousandth_apart_are_not_drawn_far_apart(promoted: World) -> None:
    here = Reading(store=promoted.store, known=Known(), policies=Policies(), cache=promoted.cache)
    drawn = chart(here.nights, [])
    assert drawn
    for panel in drawn.panels:
        low, _, high = (float(word) for _, word in panel.ticks)
        assert high - low >= 0.02 - 1e-9


def test_the_origin_can_be_chosen_though_no_night_made_it(filled: Filled, client: Client) -> None:
    page = client(filled.store).get("/models").text
    assert f'name="a" value="{filled.origin}"' in page
    assert f'name="b" value="{filled.production}" aria-label="Compare to {filled.production}" checked' in page


def test_a_collected_version_is_named_and_not_linked(filled: Filled, client: Client) -> None:
    gone = next(name for name in Registry(filled.store).versions() if name.startswith("0001-"))
    filled.store.delete(manifest_key(gone))
    page = client(filled.store).get("/models").text
    assert f"{gone} collected" in text_of(page)
    assert f"models/{gone}" not in page
    assert f'value="{gone}"' not in page


def test_fifty_nights_are_on_a_page(filled_for: Callable[[int], Filled], client: Client) -> None:
    asked = client(filled_for(60).store)
    first, second = (asked.get(f"/models?page={number}").text for number in (1, 2))
    assert [len(re.findall(r'<tr><th scope="row"', page)) for page in (first, second)] == [
        50,
        12,
    ]  # 61 nights, the origin
    assert "1 to 50 of 62" in first
    assert "51 to 62 of 62" in second


def test_a_version_shows_where_it_comes_from_and_what_came_of_it(twice: World, client: Client) -> None:
    first, second = versions(twice)
    manifest = Registry(twice.store).manifest(first)
    page = client(twice.store).get(f"/models/{first}").text
    shown = text_of(page)
    assert f"made from {manifest.parent} followed by {second}" in shown
    assert "by test: gate: all" in shown.replace("test :", "test:")
    assert "run/night-1" in page
    states = survey(twice.store, POLICIES, cache=twice.cache)
    assert f'batches/{states[0].ref.digest}"><bdi>first.jsonl' in page
    assert f"act/rollback/{first}" in page
    assert f"load(&#34;{first}&#34;)" in page or f'load("{first}")' in page
    for entry in manifest.files:
        assert entry.sha256 in page
    assert client(twice.store).get(f"/card/{first}").text.count("Model card")


def test_the_version_in_production_cannot_be_gone_back_to(filled: Filled, client: Client) -> None:
    assert "act/rollback" not in client(filled.store).get(f"/models/{filled.production}").text


def test_a_version_marks_the_batches_that_it_learned_first(filled: Filled, client: Client) -> None:
    page = client(filled.store).get(f"/models/{filled.production}").text
    assert "2 batches learnt, 1 of them first by this version" in page
    assert "2026-10-31.jsonl new here" in text_of(page)
    assert "2026-10-30.jsonl new here" not in text_of(page)


def test_batches_in_parts_of_the_lineage_are_in_production_and_counted(
    filled: Filled, client: Client
) -> None:
    store = filled.store
    _, manifest = Registry(store).production()
    more = [BatchRef(name=f"{at:04d}.jsonl", digest=f"{at:064x}") for at in range(PART_BATCHES)]
    lineage = continued(store, manifest.lineage, more)
    made = replace(manifest, number=manifest.number + 1, parent=filled.production, lineage=lineage)
    version = Registry(store).create(made)
    Registry(store).move(version, expected=filled.production, who="test", why="test", when=WHEN)
    page = text_of(client(store).get(f"/models/{version}").text)
    assert f"{PART_BATCHES + 2} batches learnt, {PART_BATCHES} of them first by this version" in page
    assert f"The newest 200; techner model show {version} has all." in page
    assert "0255.jsonl new here" in page
    assert "0056.jsonl new here" in page
    assert "0055.jsonl" not in page
    listed = text_of(client(store).get("/batches").text)
    assert re.search(rf"2026-10-31\.jsonl in production [– ]*learnt by {filled.production}", listed), listed


def test_two_versions_are_compared_label_by_label(promoted: World, client: Client) -> None:
    origin = next(Registry(promoted.store).versions())
    version, manifest = Registry(promoted.store).production()
    page = text_of(client(promoted.store).get(f"/compare?a={origin}&b={version}").text)
    for score in manifest.scores:
        interval = f"{score.low:+.3f} … {score.high:+.3f}" if score.low is not None else "–"
        assert re.search(rf"{score.label} {score.part} .*? {re.escape(interval)}", page)
    assert "+ batch first.jsonl" in page
    assert "+ label PROTOCOL" in page
    assert re.search(r"downloads \d+\.\d MB", page)


def test_no_interval_is_made_up_between_versions_that_were_not_compared(twice: World, client: Client) -> None:
    origin = next(Registry(twice.store).versions())
    first, second = versions(twice)
    forth, back = (
        client(twice.store).get(f"/compare?a={a}&b={b}").text for a, b in ((first, second), (second, first))
    )
    assert re.search(r"PROTOCOL</bdi></th>.*? … ", forth)
    assert " … " not in back.partition("<tbody>")[2].partition("</tbody>")[0]
    assert origin not in back


def test_what_is_no_version_is_not_compared(filled: Filled, client: Client) -> None:
    for query in ("", "?a=x&b=y", f"?a={filled.production}", f"?a={filled.production}&b=../runs"):
        answer = client(filled.store).get(f"/compare{query}")
        assert answer.status_code == 404
        assert "Not found" in answer.text


def test_a_store_with_an_origin_alone_has_no_chart(client: Client) -> None:
    store = MemoryStore()
    origin = save_version(store, number=0, parent=None, origin=None)
    Registry(store).move(origin, expected=None, who="cli:ada", why="made", when=WHEN + timedelta(days=1))
    page = client(store).get("/models").text
    assert "<svg" not in page
    assert origin in page


def settings_shown(filled: Filled, client: Client) -> list[tuple[str, str, str]]:
    """Compare production with the version before it; returns names and values of the settings that differ."""
    before, after = [*Registry(filled.store).versions()][1:]
    page = client(filled.store).get(f"/compare?a={before}&b={after}").text
    name, value = r"<dt><code><bdi>(.*)</bdi></code></dt>", r"<bdi>(.*)</bdi>"
    return re.findall(rf"{name}<dd>{value} → {value}", page)


def test_a_comparison_names_the_settings_that_differ(filled: Filled, client: Client) -> None:
    retired = tuple(f"LABEL_{number}" for number in range(99))
    for run, policies in (
        ("scheduled-1", Policies(gate=GatePolicy(micro_margin=0.01))),
        (
            "scheduled-2",
            Policies(
                training=TrainingPolicy(epochs=3),
                scheme=SchemePolicy(renamed={"TOOL": "HARDWARE"}, retired=retired),
            ),
        ),
    ):
        filled.store.create(f"runs/{run}/plan.json", dump(replace(PLAN, policies=policies)))
    assert settings_shown(filled, client) == [
        ("gate.micro_margin", "0.01", "0.005"),
        ("scheme.renamed.TOOL", "–", "HARDWARE"),
        ("scheme.retired", "[]", json.dumps(retired).replace('"', "&#34;")),
        ("training.epochs", "null", "3"),
    ]


def test_a_comparison_names_a_setting_that_an_older_plan_did_not_have(filled: Filled, client: Client) -> None:
    """Its night did not have today's default; and a setting that is gone makes no plan unreadable."""
    older = plain(PLAN)
    del older["policies"]["training"]["shared_tok2vec"]
    older["policies"]["training"]["momentum"] = 0.9
    filled.store.create("runs/scheduled-1/plan.json", canonical(older))
    filled.store.create("runs/scheduled-2/plan.json", dump(PLAN))
    assert settings_shown(filled, client) == [
        ("training.momentum", "0.9", "–"),
        ("training.shared_tok2vec", "–", "true"),
    ]


@pytest.mark.parametrize("plan", [None, b"[]", b'{"policies": 1}', b"{"])
def test_a_comparison_says_where_the_settings_are_not_known(
    plan: bytes | None, filled: Filled, client: Client
) -> None:
    filled.store.create("runs/scheduled-2/plan.json", dump(PLAN))
    if plan is not None:
        filled.store.create("runs/scheduled-1/plan.json", plan)
    before, after = [*Registry(filled.store).versions()][1:]
    for a, b in ((before, after), (after, before), (filled.origin, after)):
        page = client(filled.store).get(f"/compare?a={a}&b={b}").text
        assert "Which settings differ is not known" in page
        assert "Settings that differ" not in page
