"""Settings as they are loaded: what is refused, in which words, and how lists and tables are given."""

from pathlib import Path

import pytest

from techner.core.errors import SettingsError
from techner.settings import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training.strategy", "exted"),
        ("training.epochs", "-1"),
        ("training.epochs", "0"),
        ("training.epochs", ""),
        ("training.seed", "-1"),
        ("training.seed", "1.5"),
        ("training.seed", "4294967296"),
        ("training.dev_share", "7"),
        ("training.learning_rate", "nan"),
        ("training.learning_rate", "inf"),
        ("training.learning_rate", "0"),
        ("training.patience", "0"),
        ("training.dropout", "1"),
        ("training.word_dropout", "nan"),
        ("training.rehearsal_ratio", "-inf"),
        ("training.least_epochs", "41"),
        ("corpus.holdout_share", "7"),
        ("corpus.memory_per_label", "-1"),
        ("gate.micro_margin", "5"),
        ("gate.macro_margin", "-0.1"),
        ("gate.macro_margin", "0.05"),
        ("gate.label_drop", "nan"),
        ("gate.new_floor", "1.01"),
        ("gate.size_cap", "inf"),
        ("gate.confidence", "1"),
        ("gate.resamples", "0"),
        ("quality.model_rows", "-1"),
        ("quality.max_text_chars", "0"),
        ("notices.events", "promotd"),
        ("nights.schedule", "at two"),
        ("nights.quiet_s", "0"),
        ("nights.on_arrival", "perhaps"),
        ("nights.train_hours", "60"),
        ("cache", ""),
        ("signing_key", ""),
        ("public_key", ""),
        ("quality.labels", ""),
        ("quality.labels", "A,,B"),
        ("quality.labels", "A;B"),
        ("quality.labels", "'A','B'"),
        ("quality.labels", "A,A"),
        ("quality.labels", "O"),
        ("quality.labels", "B-PROTOCOL"),
        ("quality.labels", '[" A"]'),
        ("quality.labels", '["A\\u0000"]'),
        ("scheme.retired", "-"),
        ("scheme.renamed", '{"A ": "PROTOCOL"}'),
        ("quality.severities", '{"not_nfc": "critcal"}'),
        ("quality.severities", '{"nfc": "critical"}'),
        ("quality.severities", '{"json": "warning"}'),
        ("gpu", "-1"),
        ("gpu", ""),
        ("gpu", "true"),
        ("gpu", "cpu"),
        ("cache", "~no-such-person/cache"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name_and_where_it_came_from(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"TECHNER_{name.replace('.', '__').upper()}"
    monkeypatch.setenv(variable, value)
    said = refusal()
    assert said.startswith(name)
    assert said.endswith(f"(from {variable})")
    assert "\n" not in said


def test_mail_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHNER_NOTICES__SMTP", "mail")
    assert refusal().startswith("notices.to is empty: give the addresses")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[gate]\nmicro_margin = 5\n", "gate.micro_margin is 5.0: give a number from 0 to 1"),
        (b"[gate]\nmicro_margin = nan\n", "gate.micro_margin is nan"),
        (b"[gate]\nmicro_margin = true\n", "gate.micro_margin is 'True'"),
        (b"[training]\nepochs = true\n", "training.epochs is 'True'"),
        (b"[gate]\nmicro_margn = 0.1\n", "gate.micro_margn is no setting: did you mean gate.micro_margin?"),
        (b"[gates]\nmicro_margin = 0.1\n", "gates is no setting: did you mean gate?"),
        (b"micro_margin = 0.1\n", "micro_margin is no setting: did you mean gate.micro_margin?"),
        (b"stroe = 'x'\n", "stroe is no setting: did you mean store?"),
        (b"gate = 5\n", "gate is '5': give a table, [gate]"),
        (b"[quality]\nlabels = 'PROTOCOL'\n", "quality.labels is 'PROTOCOL': give names of labels"),
        (b"[training]\nmost_epochs = 3\n", "training.least_epochs is 4: give at most training.most_epochs"),
        (b"[scheme]\nrenamed = { A = 'B' }\n", "scheme.renamed has 'A' = 'B', which is not in"),
        (b"gpu = true\n", "gpu is 'True': give the number of a GPU"),
        (b"cache = 5\n", "cache is '5': give a path in quotes"),
        (b"GATE = {}\n[gate]\nseed = 1\n", "GATE is no setting: did you mean gate? (from techner.toml)"),
        (b"[gate\n", "is not TOML"),
        (b"\xff\xfe[\x00g\x00", "is not UTF-8 at byte 0"),
        (b"store = " + b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_a_file_says_wrongly_is_refused_in_one_sentence(
    content: bytes, says: str, tmp_path: Path
) -> None:
    (tmp_path / "techner.toml").write_bytes(content)
    assert says in refusal()
    assert "\n" not in refusal()


@pytest.mark.parametrize("named", [True, False])
def test_a_folder_in_the_place_of_the_file_is_refused(
    named: bool,  # noqa: FBT001 - parametrized
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "techner.toml").mkdir()
    if named:
        monkeypatch.setenv("TECHNER_CONFIG", str(tmp_path / "techner.toml"))
    assert "techner.toml" in refusal()
    assert "cannot be read: Is a directory" in refusal()


def test_a_file_that_a_windows_editor_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "techner.toml").write_bytes(b"\xef\xbb\xbf[gate]\r\nmicro_margin = 0.02\r\n")
    assert load_settings().gate.micro_margin == 0.02


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "techner.toml").write_text("token = ['open-sesame']\n")
    assert "open-sesame" not in refusal()


@pytest.mark.parametrize("given", ["PROTOCOL,HARDWARE", " PROTOCOL , HARDWARE ", '["PROTOCOL", "HARDWARE"]'])
def test_a_list_by_variable_is_json_or_names_between_commas(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHNER_QUALITY__LABELS", given)
    monkeypatch.setenv("TECHNER_SCHEME__RETIRED", "CHIP")
    assert load_settings().quality.labels == ("PROTOCOL", "HARDWARE")
    assert load_settings().scheme.retired == ("CHIP",)


def test_a_table_by_variable_is_json_and_replaces_the_one_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "techner.toml").write_text("[scheme]\nrenamed = { CHIP = 'HARDWARE' }\n")
    monkeypatch.setenv("TECHNER_SCHEME__RENAMED", '{"WIRE": "PROTOCOL"}')
    monkeypatch.setenv("TECHNER_QUALITY__SEVERITIES", '{"not_nfc": "critical"}')
    assert load_settings().scheme.renamed == {"WIRE": "PROTOCOL"}
    assert load_settings().quality.severity("not_nfc") == "critical"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TECHNER_SCHEME__RENAMED", "A=B"),
        ("TECHNER_SCHEME__RENAMED", "[]"),
        ("TECHNER_QUALITY__LABELS", '["A"'),
        ("TECHNER_QUALITY__LABELS", '{"A": "B"}'),
        ("TECHNER_QUALITY__LABELS", "[" * 100_000),
        ("TECHNER_GATE", "0.01"),
    ],
)
def test_a_list_or_table_that_cannot_be_read_names_its_variable_and_shows_the_form(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert refusal().startswith(f"{name}=")
    assert "cannot be read: write " in refusal()


@pytest.mark.parametrize("section", ["GATE", "QUALITY", "TRAINING", "CORPUS", "SCHEME"])
def test_the_form_that_is_shown_is_accepted(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TECHNER_{section}", "?")
    form = refusal().partition("write ")[2]
    assert form.startswith("{")
    monkeypatch.setenv(f"TECHNER_{section}", form)
    load_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TECHNER_GAET__MICRO_MARGIN", "TECHNER_GATE__MICRO_MARGIN"),
        ("TECHNER_GATE__MICRO_MARGN", "gate.micro_margin"),
        ("TECHNER_TOKN", "TECHNER_TOKEN"),
        ("techner_stroe", "TECHNER_STORE"),
        ("TECHNER_CONFG", "TECHNER_CONFIG"),
        ("TECHNER_STORE__URL", "TECHNER_STORE"),
    ],
)
def test_a_variable_that_sets_nothing_is_refused_with_the_nearest_name(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "0.01")
    assert f"is no setting: did you mean {meant}?" in refusal()


def test_variables_that_kubernetes_sets_beside_a_service_of_that_name_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8000_TCP_ADDR"):
        monkeypatch.setenv(f"TECHNER_{name}", "tcp://10.0.0.1:8000")
    assert load_settings().gate.micro_margin == 0.005
