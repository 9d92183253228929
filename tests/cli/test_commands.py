"""The command line: what it prints, where, and how it exits."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner, Result

from techner.cli.app import app, main
from techner.cli.refusals import missing
from techner.core.errors import RegistryError, UnknownVersion
from techner.core.policy import TECH_LABELS
from techner.formats import write_examples
from techner.registry import Registry
from techner.starter import slot_examples
from techner.store import FolderStore
from tests.world import World, tech_batch


def commands(group: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return every command below `group`, by its words."""
    below = getattr(group, "commands", None)
    if below is None:
        return {path: group}
    return {
        words: found for name, sub in below.items() for words, found in commands(sub, (*path, name)).items()
    }


COMMANDS = commands(typer.main.get_command(app))


@pytest.fixture
def techner(promoted: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Point the settings at a store after one promoted night."""
    monkeypatch.setenv("TECHNER_STORE", promoted.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(promoted.cache))
    return promoted


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_each_of_its_options_has_help(path: tuple[str, ...]) -> None:
    assert COMMANDS[path].help
    assert [option.name for option in COMMANDS[path].params if not option.help] == []


def test_an_error_is_one_line_on_stderr_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "empty"))
    monkeypatch.setattr("sys.argv", ["techner", "model", "show"])
    with pytest.raises(SystemExit) as left:
        main()
    said = capfd.readouterr()
    assert left.value.code == 1
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "run `techner init --base MODEL` once" in " ".join(said.err.split())


def test_model_list_marks_production(techner: World) -> None:
    listed = json.loads(call("model", "list", "--json").stdout)
    assert [item["production"] for item in listed] == [False, True]
    assert "production" in call("model", "list").stdout
    assert Registry(techner.store).production()[0] == listed[1]["version"]


def test_model_show_tells_labels_scores_and_verdict(techner: World) -> None:
    shown = call("model", "show").stdout
    assert "PERSON" in shown
    assert "Verdict: promote" in shown
    assert (
        json.loads(call("model", "show", "--json").stdout)["version"]
        == Registry(techner.store).production()[0]
    )


@pytest.mark.usefixtures("techner")
def test_model_pull_prints_a_folder_that_holds_the_model(tmp_path: Path) -> None:
    assert (Path(call("model", "pull").stdout.strip()) / "config.cfg").is_file()
    call("model", "pull", "--to", str(tmp_path / "here"))
    assert (tmp_path / "here" / "config.cfg").is_file()


def test_model_rollback_moves_production_and_says_who_and_why(techner: World) -> None:
    parent = Registry(techner.store).production()[1].parent
    assert call("model", "rollback", "--why", "finds ghosts").stdout.strip() == parent
    newest = json.loads(call("model", "history", "--json").stdout)[0]
    assert newest["version"] == parent
    assert newest["why"] == "rollback: finds ghosts"
    assert newest["who"].startswith("cli:")


def test_model_promote_moves_an_alias_and_prints_the_version(techner: World) -> None:
    parent = Registry(techner.store).production()[1].parent or ""
    call("model", "promote", parent, "--alias", "audit", "--why", "for the auditors")
    assert json.loads(call("model", "history", "--alias", "audit", "--json").stdout)[0]["version"] == parent


def test_model_history_at_a_time_prints_what_was_live(techner: World) -> None:
    version, _ = Registry(techner.store).production()
    assert call("model", "history", "--at", "2036-01-01").stdout.strip() == version
    assert json.loads(call("model", "history", "--at", "2036-01-01", "--json").stdout)[0]["number"] == 2
    with pytest.raises(RegistryError, match="named nothing at 2016-01-01T00:00:00"):
        call("model", "history", "--at", "2016-01-01")
    assert call("model", "history", "--at", "yesterday").exit_code == 2


def test_model_diff_tells_files_labels_batches_and_scores(techner: World) -> None:
    parent = Registry(techner.store).production()[1].parent or ""
    shown = call("model", "diff", parent).stdout
    assert "+ label PROTOCOL" in shown
    assert "+ batch first.jsonl" in shown
    assert "+ file ner_techner/model" in shown
    assert "PERSON" in shown
    found = json.loads(call("model", "diff", "production", parent, "--json").stdout)
    assert found["batches_removed"] == ["first.jsonl"]


def test_model_verify_names_the_damaged_file_and_exits_with_1(techner: World) -> None:
    from techner.registry.blobs import blob_key

    assert call("model", "verify").exit_code == 0
    version, manifest = Registry(techner.store).production()
    entry = next(entry for entry in manifest.files if entry.path == "ner_techner/model")
    techner.store.delete(blob_key(entry.sha256))
    for name in ((), ("production",), (version,)):
        found = call("model", "verify", *name)
        assert (found.exit_code, found.stdout.count("✗")) == (1, 1)
        assert f"{version}: ner_techner/model: blob {entry.sha256} is missing" in found.stdout
    assert call("model", "verify", manifest.parent or "").exit_code == 0
    assert json.loads(call("model", "verify", "--json").stdout)[0]["what"] == "ner_techner/model"


@pytest.mark.usefixtures("techner")
def test_model_card_prints_either_form() -> None:
    assert call("model", "card").stdout.startswith("# Model card")
    assert call("model", "card", "--html").stdout.startswith("<!doctype html>")


def test_model_export_prints_the_archive_it_wrote(techner: World, tmp_path: Path) -> None:
    version, _ = Registry(techner.store).production()
    made = call("model", "export", "--to", str(tmp_path / "out")).stdout.strip()
    assert made == str(tmp_path / "out" / f"techner-{version}.tar.gz")
    assert tarfile.is_tarfile(made)


def test_model_gc_removes_nothing_without_being_told_to(techner: World) -> None:
    from techner.registry.blobs import blob_key, save_bytes

    stray = blob_key(save_bytes(techner.store, b"left behind", path="x").sha256)
    assert "would remove 1 files" in call("model", "gc").stdout
    assert [entry.key for entry in techner.store.list(stray)] == [stray]
    assert json.loads(call("model", "gc", "--delete", "--json").stdout)["deleted"] is True
    assert not any(techner.store.list(stray))
    assert call("model", "verify").exit_code == 0


def test_a_rollback_to_a_damaged_version_leaves_production(techner: World) -> None:
    from techner.core.errors import IntegrityError
    from techner.registry import Registry
    from techner.registry.blobs import blob_key

    live, manifest = Registry(techner.store).production()
    entry = Registry(techner.store).manifest(manifest.parent or "").files[0]
    techner.store.put(blob_key(entry.sha256), b"x")
    shutil.rmtree(techner.cache, ignore_errors=True)
    with pytest.raises(IntegrityError):
        call("model", "rollback", "--why", "test")
    assert Registry(techner.store).production()[0] == live


@pytest.mark.usefixtures("techner")
def test_batch_submit_list_show_follow_a_delivery(tmp_path: Path) -> None:
    (tmp_path / "monday.jsonl").write_bytes(write_examples(tech_batch(300, 310)))
    call("batch", "submit", str(tmp_path / "monday.jsonl"))
    listed = {item["name"]: item["status"] for item in json.loads(call("batch", "list", "--json").stdout)}
    assert listed == {"first.jsonl": "in production", "monday.jsonl": "pending"}
    assert "monday.jsonl" in call("batch", "list").stdout
    assert "Not examined yet" in call("batch", "show", "monday.jsonl").stdout
    assert "200 read = 200 accepted" in call("batch", "show", "first.jsonl").stdout


def test_batch_list_names_what_is_ignored_and_why(techner: World) -> None:
    techner.store.create("inbox/.first.jsonl.Xa81Qz", b"half")
    listed = json.loads(call("batch", "list", "--json").stdout)
    assert [(one["name"], one["status"]) for one in listed[-2:]] == [
        (".first.jsonl.Xa81Qz", "ignored"),
        ("first.jsonl", "ignored"),
    ]
    assert "is beside it" in listed[-1]["why"]
    shown = " ".join(call("batch", "list").stdout.split())
    assert "ignored" in shown
    assert "hidden" in shown


def test_batch_submit_delivers_the_scope_beside_each_file(techner: World, tmp_path: Path) -> None:
    (tmp_path / "monday.jsonl").write_bytes(write_examples(tech_batch(300, 310)))
    call("batch", "submit", str(tmp_path / "monday.jsonl"), "--scope", "PROTOCOL, HARDWARE")
    assert json.loads(techner.store.get("inbox/monday.jsonl.meta.json")) == {
        "scope": ["PROTOCOL", "HARDWARE"]
    }
    assert [item["name"] for item in json.loads(call("batch", "list", "--json").stdout)] == [
        "first.jsonl",
        "monday.jsonl",
    ]


@pytest.mark.parametrize("scope", ["PROTOCOLS", "", ","])
def test_batch_submit_delivers_nothing_with_a_scope_that_is_none(
    scope: str, techner: World, tmp_path: Path
) -> None:
    from techner.core.errors import BatchError

    (tmp_path / "monday.jsonl").write_bytes(write_examples(tech_batch(300, 310)))
    with pytest.raises(BatchError, match=r"not one of|one or more labels"):
        call("batch", "submit", str(tmp_path / "monday.jsonl"), "--scope", scope)
    assert [entry.key for entry in techner.store.list("inbox/")] == ["inbox/first.jsonl"]


@pytest.mark.usefixtures("techner")
def test_batch_show_tells_the_scope_and_where_it_is_from() -> None:
    scope = sorted(TECH_LABELS)
    assert f"scope: {', '.join(scope)} (inferred)" in " ".join(
        call("batch", "show", "first.jsonl").stdout.split()
    )
    report = json.loads(call("batch", "show", "first.jsonl", "--json").stdout)["report"]
    assert (report["scope"], report["scope_from"]) == (scope, "inferred")


@pytest.mark.usefixtures("techner")
def test_batch_exclude_and_release_are_recorded(tmp_path: Path) -> None:
    (tmp_path / "monday.jsonl").write_bytes(write_examples(tech_batch(300, 310)))
    call("batch", "submit", str(tmp_path / "monday.jsonl"))
    call("batch", "exclude", "monday.jsonl", "--why", "wrong project")
    assert "wrong project" in call("batch", "list").stdout
    call("batch", "release", "monday.jsonl", "--why", "right after all")
    assert json.loads(call("batch", "show", "monday.jsonl", "--json").stdout)["status"] == "pending"


@pytest.mark.usefixtures("techner")
def test_the_same_name_with_other_content_is_refused(tmp_path: Path) -> None:
    from techner.core.errors import BatchError

    (tmp_path / "first.jsonl").write_bytes(b'{"text": "other", "entities": []}\n')
    with pytest.raises(BatchError, match="rename it"):
        call("batch", "submit", str(tmp_path / "first.jsonl"))


@pytest.mark.usefixtures("techner")
def test_run_night_without_a_pending_batch_is_green() -> None:
    found = call("run", "night")
    assert found.exit_code == 0
    assert "nothing is pending" in found.stderr


@pytest.mark.usefixtures("techner")
def test_run_night_rejected_exits_3_and_shows_the_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHNER_TRAINING__EPOCHS", "1")
    monkeypatch.setenv("TECHNER_TRAINING__BATCH_WORDS", "500")
    monkeypatch.setenv("TECHNER_CORPUS__REHEARSAL_TEXTS", "50")
    monkeypatch.setenv("TECHNER_GATE__RESAMPLES", "200")
    monkeypatch.setenv("TECHNER_GATE__NEW_FLOOR", "1.0")
    (tmp_path / "monday.jsonl").write_bytes(write_examples(tech_batch(300, 310)))
    call("batch", "submit", str(tmp_path / "monday.jsonl"))
    found = call("run", "night")
    assert found.exit_code == 3
    assert "new micro F1" in found.stdout
    assert json.loads(call("run", "list", "--json").stdout)[0]["outcome"] == "rejected"
    assert json.loads(call("batch", "show", "monday.jsonl", "--json").stdout)["status"] == "held"


def test_run_list_of_an_empty_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store").mkdir()
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "store"))
    listed = call("run", "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "no run is decided yet" in listed.stderr


@pytest.mark.usefixtures("techner")
def test_run_report_prints_the_page_of_a_judged_run() -> None:
    page = call("run", "report", "night-1").stdout
    assert page.startswith("<!doctype html>")
    assert "Entities lost and gained" in page


@pytest.mark.usefixtures("techner")
def test_the_history_of_an_alias_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UnknownVersion, match="no version or alias 'nowhere'"):
        call("model", "history", "--alias", "nowhere", "--json")


@pytest.mark.usefixtures("techner")
def test_run_approve_and_reject_need_a_judged_run() -> None:
    for command in ("approve", "reject"):
        with pytest.raises(RegistryError, match="run 'nowhere' has no plan; `techner run list`"):
            call("run", command, "nowhere", "--why", "test")


@pytest.mark.parametrize("form", ["folder", "tar.gz", "whl", "package"])
def test_init_takes_a_base_model_in_each_form(
    form: str, base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = str(base_model)
    if form == "tar.gz":
        base = str(tmp_path / "model.tar.gz")
        with tarfile.open(base, "w:gz") as archive:
            archive.add(base_model, "en_small/en_small-1.0")
    if form == "whl":
        shutil.copytree(base_model, tmp_path / "unpacked" / "en_small" / "en_small-1.0")
        base = str(
            Path(shutil.make_archive(str(tmp_path / "model"), "zip", tmp_path / "unpacked")).rename(
                tmp_path / "m.whl"
            )
        )
    if form == "package":
        package = tmp_path / "site" / "en_small_test"
        shutil.copytree(base_model, package / "en_small_test-1.0")
        (package / "__init__.py").write_text("")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        base = "en_small_test"
    reference = tmp_path / "reference.jsonl"
    gold = write_examples(slot_examples("general", 60, seed=4))
    reference.write_bytes(gold + b'{"text": "Somebody met somebody else in Lyon."}\n')
    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "store"))
    assert call("init", "--base", base, "--reference", str(reference)).exit_code == 0
    _, manifest = Registry(FolderStore(tmp_path / "store")).production()
    assert manifest.number == 0
    assert "PERSON" in manifest.pretrained_labels


def test_init_of_a_missing_base_names_all_four_ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from techner.core.errors import ModelError

    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "store"))
    with pytest.raises(ModelError) as error:
        call("init", "--base", "en_core_web_xxl")
    for way in ("installed package", "folder", ".whl or .tar.gz", "starter"):
        assert way in str(error.value)


@pytest.mark.usefixtures("techner")
def test_init_refuses_a_second_origin(base_model: Path) -> None:
    with pytest.raises(RegistryError, match="already has a model"):
        call("init", "--base", str(base_model))


def test_init_names_the_faulty_row_of_a_reference(
    base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from techner.core.errors import BatchError

    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "store"))
    (tmp_path / "reference.jsonl").write_text(
        '{"text": "fine", "entities": []}\n{"text": "bad", "entities": [[9, 1, "X"]]}\n'
    )
    with pytest.raises(BatchError, match="row 2: offset_range"):
        call("init", "--base", str(base_model), "--reference", str(tmp_path / "reference.jsonl"))


def test_the_command_starts_without_spacy_or_airflow() -> None:
    program = "import sys, techner.cli; sys.exit(str({'spacy', 'airflow', 'numpy'} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.usefixtures("techner")
def test_text_that_looks_like_markup_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "[x].jsonl").write_bytes(write_examples(tech_batch(300, 310)))
    call("batch", "submit", str(tmp_path / "[x].jsonl"))
    call("batch", "exclude", "[x].jsonl", "--why", "see [/TICKET-1]")
    shown = call("batch", "list").stdout
    assert "[x].jsonl" in shown
    assert "[/TICKET-1]" in shown
    call("model", "rollback", "--why", "see [/TICKET-1]")
    assert "[/TICKET-1]" in call("model", "history").stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[gates]\nmicro_margin = 1\n", "gates"),
        ("[gate\n", "not TOML"),
        ("[gate]\nmicro = 1\n", "gate.micro"),
        (None, "is not a file"),
    ],
)
def test_a_setting_that_is_not_one_is_an_error_that_names_it(
    content: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from techner.core.errors import SettingsError
    from techner.settings import load_settings

    if content is not None:
        (tmp_path / "techner.toml").write_text(content)
    monkeypatch.setenv("TECHNER_CONFIG", str(tmp_path / "techner.toml"))
    with pytest.raises(SettingsError, match=says):
        load_settings()


def test_a_delivery_to_a_store_without_a_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from techner.core.errors import NotInitialised

    monkeypatch.setenv("TECHNER_STORE", str(tmp_path / "wrong"))
    (tmp_path / "a.jsonl").write_bytes(write_examples(tech_batch(0, 2)))
    with pytest.raises(NotInitialised):
        call("batch", "submit", str(tmp_path / "a.jsonl"))
    assert not (tmp_path / "wrong").exists()


def test_a_run_that_has_its_plan_goes_on_only_as_planned(techner: World) -> None:
    with pytest.raises(RegistryError, match="has a plan already"):
        call("run", "night", "--run-id", "night-1", "--dry-run")
    assert Registry(techner.store).production()[1].number == 1


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_command_is_about_the_model_that_is_chosen(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("techner.toml").write_text("[models.a]\nstore = 'of-a'\n[models.b]\nstore = 'of-b'\n")
    chosen = ["--model", "b"] if way == "option" else []
    if way == "variable":
        monkeypatch.setenv("TECHNER_MODEL", "b")
    asked = CliRunner().invoke(app, [*chosen, "model", "list"])
    assert str(asked.exception).startswith(f"{tmp_path.as_uri()}/of-b holds no model yet")
    assert os.environ.get("TECHNER_MODEL") == (None if way == "option" else "b")  # nothing is left of it


def test_a_model_without_a_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(app, ["--model", "b"]).exit_code == 2


@pytest.mark.parametrize("chosen", [[], ["--model", "legal"], ["--model=legal"]])
def test_a_missing_package_names_the_extra_of_the_command_whatever_model_is_chosen(chosen: list[str]) -> None:
    assert "techner[annotator]" in str(missing("numpy", [*chosen, "batch", "check", "monday.jsonl"]))
