"""Several models in one file: what each one's settings are, and what is refused."""

from pathlib import Path

import pytest

from techner.core.errors import SettingsError
from techner.core.policy import GatePolicy
from techner.core.run_documents import Corpus, Plan
from techner.night.kept import KeptCandidate
from techner.runs.run import Run
from techner.settings import load_settings, model_names

TWO = """
cache = "cache"
[gate]
micro_margin = 0.01
seed = 3
[scheme]
renamed = { CHIP = "HARDWARE" }
[quality]
labels = ["HARDWARE"]
[models.legal]
store = "stores/legal"
[models.legal.gate]
micro_margin = 0.02
[models.legal.scheme]
renamed = { WIRE = "HARDWARE" }
[models.medical-2]
store = "stores/medical"
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "techner.toml"
    file.write_text(TWO)
    return file


def refusal(model: str | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(model)
    return str(caught.value)


def test_the_models_that_the_reference_shows_are_accepted(file: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    file.write_text(page.partition("## Several models")[2].split("```")[1].removeprefix("toml"))
    assert [load_settings(name).gate.label_drop for name in model_names()] == [GatePolicy().label_drop, 0.02]


def test_a_model_has_its_own_settings_over_those_of_all_field_by_field() -> None:
    legal, medical = load_settings("legal"), load_settings("medical-2")
    assert (legal.store, medical.store) == ("stores/legal", "stores/medical")
    assert (legal.gate.micro_margin, legal.gate.seed) == (0.02, 3)
    assert (medical.gate.micro_margin, medical.gate.seed) == (0.01, 3)


def test_a_table_of_values_is_replaced_as_by_a_variable() -> None:
    assert load_settings("legal").scheme.renamed == {"WIRE": "HARDWARE"}
    assert load_settings("medical-2").scheme.renamed == {"CHIP": "HARDWARE"}


def test_a_variable_overrides_the_file_for_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNER_GATE__MICRO_MARGIN", "0.03")
    assert [load_settings(name).gate.micro_margin for name in model_names()] == [0.03, 0.03]


def test_a_variable_chooses_and_an_argument_chooses_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNER_MODEL", "legal")
    assert load_settings().store == "stores/legal"
    assert load_settings("medical-2").store == "stores/medical"


def test_of_several_models_one_must_be_chosen() -> None:
    assert refusal() == (
        "techner.toml has tables of models: choose one with `techner --model NAME` or TECHNER_MODEL "
        "(legal, medical-2)"
    )


@pytest.mark.parametrize("content", [TWO, "", "store = 'stores/legal'\n"])
def test_a_model_that_the_file_does_not_name_is_refused(content: str, file: Path) -> None:
    file.write_text(content)
    there = "its models are legal, medical-2" if content == TWO else "it names no models"
    assert refusal("lgal") == f"there is no model 'lgal' in techner.toml: {there}"


def test_without_tables_of_models_nothing_is_chosen(file: Path) -> None:
    file.write_text("store = 'stores/legal'\n")
    assert model_names() == ()
    assert load_settings().store == "stores/legal"


@pytest.mark.parametrize("name", ["a b", "a.b", "é", "", "a/b", "x" * 101])
def test_a_name_that_cannot_be_one_of_a_dag_is_refused_and_costs_no_other_model(
    name: str, file: Path
) -> None:
    file.write_text(f'{TWO}\n[models."{name}"]\nstore = "elsewhere"\n')
    assert name in model_names()
    assert "rename that table to letters, digits, - and _" in refusal(name)
    assert load_settings("legal").store == "stores/legal"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("[models.a.gate]\nmicro_margin = 5\n", "gate.micro_margin is 5.0: give a number from 0 to 1"),
        ("[models.a]\nstroe = 'x'\n", "stroe is no setting: did you mean store?"),
        ("[models.a]\nSTORE = 'x'\n", "STORE is no setting: did you mean store?"),
        ("[models.a.models.b]\nstore = 'x'\n", "models is no setting"),
    ],
)
def test_what_is_wrong_in_one_table_is_said_with_the_table_and_costs_no_other_model(
    more: str, says: str, file: Path
) -> None:
    file.write_text(f"{TWO}\n{more}")
    assert refusal("a").startswith(says)
    assert refusal("a").endswith("(from [models.a] of techner.toml)")
    assert load_settings("legal").store == "stores/legal"


@pytest.mark.parametrize(
    ("content", "says"), [("models = 3", "models is '3'"), ("[models]", "models is '{}'")]
)
def test_models_that_are_no_tables_are_refused(content: str, says: str, file: Path) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError, match="give each model a table"):
        model_names()
    assert refusal().startswith(says)


def test_a_model_that_is_no_table_is_refused_and_costs_no_other_model(file: Path) -> None:
    file.write_text("[models]\na = 'x'\nb = { store = 'b' }\n")
    assert refusal("a") == "models.a is 'x': give a table, [models.a] (from techner.toml)"
    assert load_settings("b").store == "b"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("store = 'x'", "store = 'x'"),
        ("store = 'x'", "store = './y/../x/'"),
        ("store = 'x'", "store = 'x/inside'"),
        ("store = 's3://b/ner'", "store = 's3://b/ner/'"),
        ("store = 's3://b'", "store = 's3://b/ner'"),
        ("store = 's3://b/ner'\ns3_endpoint = 'http://one:9000'", "store = 's3://b/ner'"),
        ("", ""),
    ],
)
def test_two_models_never_share_a_store_and_a_third_goes_on(one: str, other: str, file: Path) -> None:
    file.write_text(f"[models.a]\n{one}\n[models.b]\n{other}\n[models.c]\nstore = 'c'\n")
    assert refusal("a").startswith("models.a and models.b would share a store")
    assert refusal("b").startswith("models.b and models.a would share a store")
    assert load_settings("c").store == "c"


def test_stores_beside_each_other_or_of_two_servers_are_two(file: Path) -> None:
    file.write_text(
        "[models.a]\nstore = 's3://b/ner'\ns3_endpoint = 'http://one'\n"
        "[models.b]\nstore = 's3://b/ner'\ns3_endpoint = 'http://two'\n"
        "[models.c]\nstore = 's3://b/ner-2'\ns3_endpoint = 'http://one'\n"
    )
    assert [load_settings(name).s3_endpoint for name in "abc"] == ["http://one", "http://two", "http://one"]


def test_a_variable_that_gives_all_models_one_store_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNER_STORE", "stores/all")
    assert refusal("legal").startswith("TECHNER_STORE gives every model the same store: unset it")


def test_names_that_differ_in_case_alone_are_refused(file: Path) -> None:
    file.write_text("[models.a]\nstore = 'a'\n[models.A]\nstore = 'b'\n")
    assert refusal("a") == "models.a and models.A differ in case alone: rename one of them"


def test_runs_of_one_name_keep_their_candidates_apart_in_one_cache() -> None:
    """By the clock, the nights of two models have the same id."""
    places = set()
    for name in model_names():
        settings = load_settings(name)
        run = Run(store=settings.open_store(), id="scheduled__2026-11-20", cache=settings.cache)
        run.seen.update({run.key(kind): "the same" for kind in (Plan, Corpus)})
        places.add(KeptCandidate(run).model)
    assert len(places) == 2
