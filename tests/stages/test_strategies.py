"""A night of another strategy than the last one."""

from dataclasses import replace

from techner.core.night import Candidate
from techner.core.verdict import Outcome
from techner.registry.aliases import production
from techner.stages.evaluate import judge
from techner.stages.publish import publish
from techner.stages.run import Run
from techner.uptraining.pipeline import NEW_NER, load_pipeline
from tests.world import WORD, World, quick, tech_batch

BLEND = replace(quick(), training=replace(quick().training, strategy="blend"))


def pipes_of(run: Run) -> list[str]:
    with run.model(run.read("candidate.json", Candidate).files) as folder:
        return load_pipeline(folder).pipe_names


def test_another_strategy_starts_over_from_the_origin_with_the_memory(promoted: World) -> None:
    before = set(production(promoted.store)[1].new_labels)
    promoted.deliver("second.jsonl", tech_batch(200, 230))
    run = promoted.judged("blended", BLEND)
    assert pipes_of(run) == ["ner"]
    assert set(run.read("candidate.json", Candidate).new_labels) >= before


def test_a_night_goes_back_from_one_ner_to_two(promoted: World) -> None:
    promoted.deliver("second.jsonl", tech_batch(200, 230))
    run = promoted.judged("blended", BLEND)
    assert judge(run).verdict.outcome is Outcome.PROMOTE, judge(run).verdict.reason
    publish(run, WORD)
    promoted.deliver("third.jsonl", tech_batch(230, 260))
    assert pipes_of(promoted.judged("extended", quick())) == [NEW_NER, "ner"]
