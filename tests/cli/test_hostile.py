"""Odd arguments and a hostile system: every command ends with a sentence, never a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from techner.cli.app import main
from techner.cli.refusals import EXTRAS
from tests.world import World, tech_batch

ODD_NAMES = ("no-such", "../../etc/passwd", "a/b", "", "\x07bell\n", "-1", "é\udcff", "x" * 5000, "[bold]")
BY_NAME = (
    "batch show",
    "batch report",
    "batch exclude --why x",
    "batch fix",
    "model show",
    "model card",
    "model diff",
    "model pull",
    "model verify",
    "model promote --why x",
    "model rollback --why x --to",
    "model history --alias",
    "model history --at",
    "model export --to o",
    "run approve --why x",
    "run reject --why x",
    "run report",
    "run night --batch",
)
FILES = ("none", "folder", "binary", "empty", "closed", "gzip", "numbers")
BY_FILE = (
    "batch check",
    "batch submit",
    "batch check good.jsonl --holdout",
    "batch check good.jsonl --model",
    "evaluate --model folder --gold",
    "evaluate --gold good.jsonl --model",
    "init --base folder --reference",
    "init --base folder --holdout",
    "init --base",
    "uptrain --base folder --rehearsal good.jsonl --out o --train",
    "uptrain --base folder --train good.jsonl --out o --rehearsal",
    "uptrain --base folder --train good.jsonl --rehearsal good.jsonl --out",
)
UPTRAIN = "uptrain --base a --train b --rehearsal c --out o"
FIGURES = (
    "model gc --keep-days 10000000",
    "model gc --keep-days -1",
    "model gc --keep-days 99999999999999999999",
    "serve --port 99999999",
    "serve --port -1",
    f"{UPTRAIN} --seed -1",
    f"{UPTRAIN} --seed 99999999999999999999",
    f"{UPTRAIN} --strategy exted",
    "model history --at 0000-00-00",
    "model history --at 9999-12-31T23:59:59-23:59",
    "model export --to o --form zip",
)


@pytest.fixture
def place(promoted: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of odd files, on a store after one promoted night."""
    from techner.formats import write_examples

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TECHNER_STORE", promoted.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(promoted.cache))
    monkeypatch.setenv("TECHNER_TOKEN", "a-long-enough-secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "empty").touch()
    (tmp_path / "closed").write_bytes(write_examples(tech_batch(0, 2)))
    (tmp_path / "closed").chmod(0)
    (tmp_path / "gzip").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "numbers").write_text("1e999\n-1\nnull\n" + "[" * 3000 + "\n")
    (tmp_path / "good.jsonl").write_bytes(write_examples(tech_batch(0, 2)))
    return tmp_path


def call(line: str | list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command line as its script does; anything but an exit is a failure of the test."""
    monkeypatch.setattr("sys.argv", ["techner", *(line.split() if isinstance(line, str) else line)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", BY_NAME)
def test_an_odd_name_is_refused_in_words(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ODD_NAMES:
        assert call([*line.split(), name], monkeypatch) in (0, 1, 2, 3), name
        assert "Traceback" not in capfd.readouterr().err, name


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", BY_FILE)
def test_an_odd_file_is_refused_in_words(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in FILES:
        assert call(f"{line} {name}", monkeypatch) in (0, 1, 2, 3), name
        assert "Traceback" not in capfd.readouterr().err, name


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", FIGURES)
def test_a_figure_that_cannot_be_is_refused_in_words(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(line, monkeypatch) in (1, 2)
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.strip()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", ["batch list", "model pull", "doctor", "run night"])
@pytest.mark.parametrize("cache", ["empty", "/proc/none", "empty/below"])
def test_a_cache_that_cannot_be_used_is_said_in_words(
    line: str, cache: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TECHNER_CACHE", cache)
    assert call(line, monkeypatch) == 1
    assert "give another folder as `cache`" in " ".join(capfd.readouterr().err.split())


def script(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"{program}\nfrom techner.cli import main\nmain()", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("module", "extra", "line"),
    [
        ("numpy", "annotator", "batch check good.jsonl"),
        ("spacy", "load", "batch check good.jsonl --model model"),
        ("spacy", "train", "init --base starter"),
        ("spacy", "train", "run night"),
        ("uvicorn", "ui", "serve"),
        ("jinja2", "ui", "serve"),
        ("cryptography", "sign", "model list"),
    ],
)
def test_a_missing_extra_is_named_with_what_brings_it(
    module: str, extra: str, line: str, place: Path
) -> None:
    (place / "key.pem").write_text("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n")
    key = {"TECHNER_PUBLIC_KEY": "key.pem"} if module == "cryptography" else {}
    done = script(f"import sys; sys.modules[{module!r}] = None", *line.split(), **key)
    assert done.returncode == 1, done.stderr
    assert f"pip install 'techner[{extra}]'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_base_install_has_help_for_every_command() -> None:
    program = f"""
import sys
for module in {sorted({module for modules in EXTRAS.values() for module in modules})}:
    sys.modules[module] = None
import typer.main
from techner.cli.app import app
def show(group, words):
    for name, command in getattr(group, "commands", {{}}).items():
        show(command, [*words, name])
    try:
        app([*words, "--help"])
    except SystemExit as end:
        assert not end.code, words
show(typer.main.get_command(app), [])
print("shown")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.endswith("shown\n"), done.stderr


@pytest.mark.usefixtures("place")
def test_a_reader_who_goes_away_ends_the_command_quietly() -> None:
    program = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)"
    for line in ("model list --json", "model list", "model history", "--version"):
        done = script(program, *line.split())
        assert "Error" not in done.stderr, line
        assert "Exception" not in done.stderr, line


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}])
def test_a_terminal_without_unicode_shows_what_it_can(environment: dict[str, str]) -> None:
    program = """
import sys
from techner.cli import main
for line in sys.argv[1:]:
    sys.argv[1:] = line.split()
    try:
        main()
    except SystemExit as end:
        print("ended with", end.code, "in", line.split()[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, "model show", "batch show é—[x]", "doctor"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in done.stderr
    ends = re.findall(r"(?m)^ended with (?:[013]|None) in (\w+)$", done.stdout)
    assert ends == ["model", "batch", "doctor"], done.stderr


@pytest.mark.usefixtures("place")
def test_a_full_disk_behind_the_output_is_said_in_words() -> None:
    done = script("import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)", "model", "show", "--json")
    assert done.returncode == 1
    assert "error: No space left on device; free some space" in done.stderr


def test_a_closed_output_is_no_traceback(place: Path) -> None:
    done = script("import sys; sys.stdout = None", "model", "list")
    assert "Traceback" not in done.stderr
    assert place.is_dir()
