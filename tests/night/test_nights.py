"""Whole nights through the functions of the tasks: what is promoted, held, pending, and never lost."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from techner.core.errors import AliasConflict, BatchError, IntegrityError, RegistryError
from techner.core.examples import Example, Span, text_key
from techner.core.policy import TECH_LABELS
from techner.core.records import BatchWord
from techner.core.run_documents import Corpus, Judged, Plan
from techner.core.verdict import Against, Check, CheckState, Outcome, Verdict
from techner.formats import read_examples
from techner.inbox.decisions import decide
from techner.inbox.survey import Status, survey
from techner.night.admit import admit
from techner.night.assemble import assemble
from techner.night.plan import plan
from techner.night.reject import reject
from techner.registry import Registry
from techner.registry.blobs import load_bytes
from techner.runs.judgements import Word, judgements
from techner.runs.report import told_report, told_report_of
from techner.starter import slot_examples
from techner.store import FolderStore
from tests.moves import publish, roll_back
from tests.world import POLICIES, TECH, WHEN, WORD, World, quick, tech_batch

SWAPPED = dict(zip(TECH_LABELS, (*TECH_LABELS[1:], TECH_LABELS[0]), strict=True))


def status(world: World) -> dict[str, Status]:
    return {state.ref.name: state.status for state in survey(world.store, POLICIES, cache=world.cache)}


def test_a_good_night_moves_production_to_the_new_version(promoted: World) -> None:
    version, manifest = Registry(promoted.store).production()
    assert manifest.number == 1
    assert set(manifest.new_labels) == TECH
    assert [batch.name for batch in manifest.lineage.batches] == ["first.jsonl"]
    assert version == next(r.version for _, r in Registry(promoted.store).log().records(limit=1))


def test_the_pretrained_labels_survive_a_night(promoted: World) -> None:
    _, manifest = Registry(promoted.store).production()
    old = [score for score in manifest.scores if score.part == "pretrained" and score.support >= 20]
    assert old
    for score in old:
        assert score.candidate is not None
        assert score.origin is not None
        assert score.candidate >= score.origin - 0.15  # the usual recipe leaves 0.0


def test_a_promoted_batch_is_in_production_and_not_planned_again(promoted: World) -> None:
    assert status(promoted) == {"first.jsonl": Status.IN_PRODUCTION}
    assert plan(promoted.run("run-2"), POLICIES) is None


def test_a_batch_in_question_is_left_out_of_the_plan(world: World) -> None:
    world.deliver("asked.jsonl", tech_batch(0, 5))
    world.deliver("new.jsonl", tech_batch(5, 10))
    asked = next(state.ref for state in survey(world.store, POLICIES, cache=world.cache))
    told: list[str] = []
    made = plan(world.run(), POLICIES, in_question={asked.digest: "night-1"}, on_left_out=told.extend)
    assert made is not None
    assert [batch.name for batch in made.batches] == ["new.jsonl"]
    assert told == ["night-1"]


def test_nothing_is_left_out_for_a_question_about_batches_that_the_night_does_not_want(world: World) -> None:
    world.deliver("asked.jsonl", tech_batch(0, 5))
    world.deliver("new.jsonl", tech_batch(5, 10))
    asked = next(state.ref for state in survey(world.store, POLICIES, cache=world.cache))
    in_question, told = {asked.digest: "night-1"}, list[str]()
    plan(world.run(), POLICIES, batches=("new.jsonl",), in_question=in_question, on_left_out=told.extend)
    decide(world.store, asked, BatchWord.EXCLUDE, who="test", why="wrong", when=WHEN)
    plan(world.run("run-2"), POLICIES, in_question=in_question, on_left_out=told.extend)
    assert told == []


def test_a_batch_in_question_that_a_person_names_is_refused_with_the_run(world: World) -> None:
    world.deliver("asked.jsonl", tech_batch(0, 5))
    asked = next(state.ref for state in survey(world.store, POLICIES, cache=world.cache))
    with pytest.raises(BatchError, match=r"wait for an answer: asked\.jsonl; answer or reject night-1 first"):
        plan(world.run(), POLICIES, batches=("asked.jsonl",), in_question={asked.digest: "night-1"})


def test_more_batches_than_a_night_takes_wait_for_the_next_ones(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("c.jsonl", "a.jsonl", "b.jsonl"):
        world.deliver(name, tech_batch(ord(name[0]), ord(name[0]) + 1))
    with caplog.at_level(logging.INFO, "techner.nightly"):
        made = plan(world.run(), POLICIES, most=2)
    assert made is not None
    assert [batch.name for batch in made.batches] == ["a.jsonl", "b.jsonl"]
    assert "left for the next nights: 1 batches, as a night takes at most 2" in caplog.text
    with pytest.raises(BatchError, match="3 batches are named, and a night takes at most 2: name fewer"):
        plan(world.run("run-2"), POLICIES, batches=("a.jsonl", "b.jsonl", "c.jsonl"), most=2)


def test_nothing_pending_writes_no_plan(world: World) -> None:
    assert plan(world.run(), POLICIES) is None
    assert not list(world.store.list("runs/"))


def test_a_rejected_night_keeps_production_and_holds_its_batches(refused: World) -> None:
    before, _ = Registry(refused.store).production()
    assert reject(refused.run("run-2"), WORD).verdict.outcome is Outcome.REJECT
    assert Registry(refused.store).production()[0] == before
    assert status(refused)["second.jsonl"] is Status.HELD
    newest = judgements(refused.store).newest()
    assert newest is not None
    assert newest.record.outcome == "rejected"
    assert "new micro F1" in newest.record.reason


def test_a_held_batch_waits_for_a_release_and_does_not_block_the_next_one(refused: World) -> None:
    reject(refused.run("run-2"), WORD)
    refused.deliver("third.jsonl", tech_batch(260, 300))
    made = plan(refused.run("run-3"), POLICIES)
    assert made is not None
    assert [batch.name for batch in made.batches] == ["third.jsonl"]
    held = next(
        s.ref for s in survey(refused.store, POLICIES, cache=refused.cache) if s.ref.name == "second.jsonl"
    )
    decide(refused.store, held, BatchWord.RELEASE, who="test", why="looked at it", when=WHEN)
    made = plan(refused.run("run-4"), POLICIES)
    assert made is not None
    assert [batch.name for batch in made.batches] == ["second.jsonl", "third.jsonl"]


def test_a_held_batch_can_be_named_for_a_run(refused: World) -> None:
    reject(refused.run("run-2"), WORD)
    made = plan(refused.run("run-3"), POLICIES, batches=("second.jsonl",))
    assert made is not None
    assert [batch.name for batch in made.batches] == ["second.jsonl"]


def test_an_excluded_batch_is_not_planned(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    ref = survey(world.store, POLICIES, cache=world.cache)[0].ref
    decide(world.store, ref, BatchWord.EXCLUDE, who="test", why="wrong project", when=WHEN)
    assert status(world) == {"first.jsonl": Status.EXCLUDED}
    assert plan(world.run(), POLICIES) is None


def test_a_rollback_holds_what_was_learnt_since_and_a_release_makes_it_due_again(promoted: World) -> None:
    """Due at once, it would rebuild the very version that was taken back."""
    _, manifest = Registry(promoted.store).production()
    assert roll_back(promoted.run("rollback"), WORD) == (manifest.parent, ("first.jsonl",))
    assert Registry(promoted.store).production()[0] == manifest.parent
    assert status(promoted)["first.jsonl"] is Status.HELD
    assert plan(promoted.run("run-2"), POLICIES) is None
    ref = survey(promoted.store, POLICIES, cache=promoted.cache)[0].ref
    decide(promoted.store, ref, BatchWord.RELEASE, who="test", why="was not it", when=WHEN)
    assert status(promoted)["first.jsonl"] is Status.ACCEPTED


def test_a_rollback_of_the_origin_or_to_where_it_is_is_refused(promoted: World) -> None:
    version, _ = Registry(promoted.store).production()
    with pytest.raises(RegistryError, match="already"):
        roll_back(promoted.run("rollback"), WORD, to=version)
    roll_back(promoted.run("rollback"), WORD)
    with pytest.raises(RegistryError, match="nothing before it"):
        roll_back(promoted.run("rollback"), WORD)


def test_a_published_run_is_not_published_again_after_a_rollback(promoted: World) -> None:
    roll_back(promoted.run("rollback"), WORD)
    with pytest.raises(RegistryError, match="is decided already"):
        publish(promoted.run("night-1"), WORD)


def test_a_promoted_run_cannot_be_rejected(promoted: World) -> None:
    with pytest.raises(RegistryError, match="promoted"):
        reject(promoted.run("night-1"), WORD)


def test_a_re_export_with_swapped_labels_does_not_rewrite_the_holdout_and_is_rejected(
    promoted: World,
) -> None:
    """Without a holdout of its own the store judges by what was held out of earlier nights."""
    swapped = tuple(
        Example(eg.text, tuple(Span(s.start, s.end, SWAPPED[s.label]) for s in eg.spans))
        for eg in tech_batch(0, 200)
    )
    promoted.deliver("swapped.jsonl", swapped)
    policies = replace(POLICIES, gate=replace(POLICIES.gate, new_margin=0.02))
    assert promoted.night("run-2", policies) is None


def test_rows_that_are_not_those_of_an_examination_are_never_learnt(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    made = plan(world.run(), POLICIES)
    assert made is not None
    with pytest.raises(IntegrityError, match=r"'first\.jsonl' was planned but never admitted"):
        assemble(world.run())
    admit(world.run(), made.batches[0].digest)
    key = next(entry.key for entry in world.store.list("batches/") if entry.key.endswith("examples.jsonl"))
    world.store.put(key, world.store.get(key).partition(b"\n")[2])
    with pytest.raises(IntegrityError, match="has 19 examples; the report says 20"):
        assemble(world.run())


def test_a_delivery_without_any_new_label_waits_for_one_that_has_some(world: World) -> None:
    world.deliver("old.jsonl", slot_examples("general", 20, seed=9))
    made = plan(world.run(), POLICIES)
    assert made is not None
    assert admit(world.run(), made.batches[0].digest).action == "accept"
    assert assemble(world.run()) is None
    assert status(world) == {"old.jsonl": Status.ACCEPTED}


def test_an_odd_name_in_the_inbox_does_not_stop_the_night(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    assert isinstance(world.store, FolderStore)
    (world.store.root / "inbox" / "C:\\x.jsonl").write_text("{}")
    made = plan(world.run(), POLICIES)
    assert made is not None
    assert [batch.name for batch in made.batches] == ["first.jsonl"]


def test_an_unknown_batch_name_is_an_error_that_names_it(world: World) -> None:
    with pytest.raises(BatchError, match=r"nowhere\.jsonl"):
        plan(world.run(), POLICIES, batches=("nowhere.jsonl",))


def test_a_batch_in_production_cannot_be_named_for_a_run(promoted: World) -> None:
    with pytest.raises(BatchError, match="in production"):
        plan(promoted.run("run-2"), POLICIES, batches=("first.jsonl",))


def test_a_wholly_rejected_night_assembles_nothing(world: World) -> None:
    world.store.create("inbox/broken.jsonl", b"not json\n" * 5)
    made = plan(world.run(), POLICIES)
    assert made is not None
    assert admit(world.run(), made.batches[0].digest).action == "reject"
    assert assemble(world.run()) is None
    assert status(world) == {"broken.jsonl": Status.REJECTED}
    assert plan(world.run("run-2"), POLICIES) is None


def test_another_quality_policy_examines_a_rejected_batch_again(world: World) -> None:
    world.store.create("inbox/broken.jsonl", b"not json\n" * 5)
    made = plan(world.run(), POLICIES)
    assert made is not None
    admit(world.run(), made.batches[0].digest)
    lenient = replace(POLICIES, quality=replace(POLICIES.quality, max_quarantine_share=1.0))
    assert plan(world.run("run-2"), lenient) is not None


def test_production_reads_along_and_says_which_annotations_it_surely_misses(promoted: World) -> None:
    half_done = tuple(
        replace(example, spans=()) if number % 3 == 0 else example
        for number, example in enumerate(tech_batch(300, 360))
    )
    promoted.deliver("half-done.jsonl", half_done)
    sure = replace(POLICIES, quality=replace(POLICIES.quality, model_confidence=0.5))
    made = plan(promoted.run("run-2"), sure)
    assert made is not None
    report = admit(promoted.run("run-2"), made.batches[0].digest)
    rows = [found.row for found in report.warnings if found.code == "model_disagreement"]
    left_out = [row for row in rows if row is not None and row % 3 == 1]
    assert len(left_out) > len(rows) / 2


def test_admitting_twice_gives_the_same_report_and_writes_nothing_new(world: World) -> None:
    world.deliver("first.jsonl", tech_batch(0, 20))
    made = plan(world.run(), POLICIES)
    assert made is not None
    first = admit(world.run(), made.batches[0].digest)
    before = list(world.store.list("batches/"))
    assert admit(world.run(), made.batches[0].digest) == first
    assert list(world.store.list("batches/")) == before


def test_no_holdout_text_is_ever_trained_on_over_several_nights(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(150, 260))  # repeats a third of the first batch
    run = promoted.until("assemble", "run-2")
    corpus = run.read(Corpus)
    train = read_examples(load_bytes(run.store, corpus.train), where="train")
    holdout = read_examples(load_bytes(run.store, corpus.holdout), where="holdout")
    _, manifest = Registry(promoted.store).production()
    earlier = read_examples(load_bytes(run.store, manifest.records["holdout.jsonl"]), where="holdout")
    assert holdout
    assert {text_key(eg.text) for eg in earlier} <= {text_key(eg.text) for eg in holdout}
    assert not {text_key(eg.text) for eg in train} & {text_key(eg.text) for eg in holdout}


def test_the_second_night_replays_the_first(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(210, 240))
    corpus = promoted.until("assemble", "run-2").read(Corpus)
    assert corpus.counts["new"] + corpus.counts["held out"] == corpus.counts["accepted"] == 30
    assert corpus.counts["replayed"] > 50


def test_the_same_night_on_another_copy_gives_the_same_version(
    undisturbed: dict[str, Path], world: World
) -> None:
    version, manifest = Registry(FolderStore(undisturbed["end"])).production()
    assert manifest.number == 1
    world.deliver("first.jsonl", tech_batch(0, 60))
    assert world.night("another run", quick()) == version


def test_publishing_twice_changes_nothing_the_second_time(promoted: World) -> None:
    run = promoted.run("night-1")
    before = [entry.key for entry in promoted.store.list()]
    assert publish(run, WORD) == Registry(promoted.store).production()[0]
    assert [entry.key for entry in promoted.store.list()] == before


def test_rejecting_twice_changes_nothing_the_second_time(refused: World) -> None:
    reject(refused.run("run-2"), WORD)
    before = [entry.key for entry in refused.store.list()]
    reject(refused.run("run-2"), WORD)
    assert [entry.key for entry in refused.store.list()] == before


def test_publish_refuses_a_candidate_that_the_gate_rejected(refused: World) -> None:
    with pytest.raises(RegistryError, match="the gate rejected"):
        publish(refused.run("run-2"), WORD)


def test_publish_refuses_a_dry_run(promoted: World) -> None:
    run = promoted.run("night-1")
    run.write(replace(run.read(Plan), dry_run=True))
    with pytest.raises(RegistryError, match="dry run"):
        publish(run, WORD)


def test_publish_refuses_when_production_moved_since_the_plan(judged: World) -> None:
    version, manifest = Registry(judged.store).production()
    assert manifest.parent is not None
    Registry(judged.store).move(manifest.parent, expected=version, who="test", why="rollback", when=WHEN)
    with pytest.raises(AliasConflict, match="judge again"):
        publish(judged.run("run-2"), WORD)
    assert Registry(judged.store).production()[0] == manifest.parent
    assert next(judgements(judged.store).records(limit=1)).record.outcome == "superseded"
    assert status(judged)["second.jsonl"] is Status.ACCEPTED  # due, on the production that won


def asked(world: World) -> None:
    """Take the evidence of the newest run away, so that the gate asks, as if nothing had been decided yet."""
    for entry in list(world.store.list("judgements/")):
        world.store.delete(entry.key)
    run = world.run("night-1")
    unmeasured = Check(
        name="new micro F1", against=Against.FLOOR, rule="", baseline=None, candidate=None, low=None,
        high=None, margin=0.2, support=0, state=CheckState.INSUFFICIENT,
    )  # fmt: skip
    judged = run.read(Judged)
    run.write(replace(judged, verdict=Verdict(checks=(unmeasured,))))


def test_publish_refuses_an_open_question_without_a_reasoned_yes(promoted: World) -> None:
    asked(promoted)
    with pytest.raises(RegistryError, match="asks a person"):
        publish(promoted.run("night-1"), WORD)
    with pytest.raises(RegistryError, match="asks a person"):
        publish(promoted.run("night-1"), Word(who="test", when=WHEN, why=" ", approved=True))


def test_a_reasoned_yes_publishes_and_is_kept(promoted: World) -> None:
    asked(promoted)
    yes = Word(who="airflow:ada", when=WHEN, why="read the examples myself", approved=True)
    version, manifest = Registry(promoted.store).production()
    assert manifest.parent is not None
    Registry(promoted.store).move(manifest.parent, expected=version, who="test", why="rollback", when=WHEN)
    published = publish(promoted.run("night-1"), yes)
    newest = Registry(promoted.store).log().newest()
    assert newest is not None
    assert newest.record.version == published
    assert "read the examples myself" in newest.record.why
    assert newest.record.who == "airflow:ada"


def test_card_and_report_of_a_version_tell_who_published_it_although_the_gate_asked(promoted: World) -> None:
    asked(promoted)
    version, manifest = Registry(promoted.store).production()
    Registry(promoted.store).move(manifest.parent or "", expected=version, who="t", why="again", when=WHEN)
    yes = Word(who="airflow:<b>", when=WHEN, why="read the examples", approved=True)
    version = publish(promoted.run("night-1"), yes)
    manifest = Registry(promoted.store).manifest(version)
    told = "promoted by airflow:{} although insufficient: new micro F1 against floor: read the examples"
    card = load_bytes(promoted.store, manifest.records["card.md"]).decode()
    assert f"Checks of the gate: {told.format(chr(92) + '<b' + chr(92) + '>')}" in card
    html = load_bytes(promoted.store, manifest.records["card.html"]).decode()
    assert f"Checks of the gate: {told.format('&lt;b&gt;')}" in html
    for page in (told_report(promoted.store, "night-1"), told_report_of(promoted.store, version, manifest)):
        assert f'<p id="decision"><strong>{told.format("&lt;b&gt;")}</strong></p>' in page.decode()


def test_a_report_that_no_person_decided_on_stays_as_it_is(promoted: World) -> None:
    version, manifest = Registry(promoted.store).production()
    page = load_bytes(promoted.store, manifest.records["report.html"])
    assert told_report_of(promoted.store, version, manifest) == told_report(promoted.store, "night-1") == page


def test_a_version_is_whole_the_moment_production_names_it(promoted: World) -> None:
    _, manifest = Registry(promoted.store).production()
    for entry in (*manifest.files, *manifest.records.values()):
        assert len(load_bytes(promoted.store, entry)) == entry.size_bytes
    assert Registry(promoted.store).manifest(manifest.parent or "").number == 0
