"""Odd arguments and a hostile system: every command ends with a sentence, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from techner.cli.app import main
from techner.cli.refusals import EXTRAS
from tests.world import World, tech_batch

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
    """Work in a folder of one file, on a store after one promoted night."""
    from techner.formats import write_examples

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TECHNER_STORE", promoted.store.url)
    monkeypatch.setenv("TECHNER_CACHE", str(promoted.cache))
    monkeypatch.setenv("TECHNER_TOKEN", "a-long-enough-secret")
    (tmp_path / "good.jsonl").write_bytes(write_examples(tech_batch(0, 2)))
    return tmp_path


def call(line: str | list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command line as its script does; anything but an exit is a failure of the test."""
    monkeypatch.setattr("sys.argv", ["techner", *(line.split() if isinstance(line, str) else line)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("line", FIGURES)
def test_a_figure_that_cannot_be_is_refused_in_words(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call(line, monkeypatch) in (1, 2)
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.strip()


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
    ("module", "line"),
    [
        ("spacy", "batch check good.jsonl"),
        ("spacy", "init --base starter"),
        ("spacy", "run night"),
        ("pandas", "batch check good.jsonl"),
        ("uvicorn", "serve"),
        ("cryptography", "model list"),
    ],
)
def test_a_missing_extra_is_named_with_what_brings_it(module: str, line: str, place: Path) -> None:
    (place / "key.pem").write_text("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n")
    key = {"TECHNER_PUBLIC_KEY": "key.pem"} if module == "cryptography" else {}
    done = script(f"import sys; sys.modules[{module!r}] = None", *line.split(), **key)
    assert done.returncode == 1, done.stderr
    assert f"pip install 'techner[{EXTRAS[module]}]'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("place")
def test_a_reader_who_goes_away_ends_the_command_quietly() -> None:
    program = "import os; r, w = os.pipe(); os.close(r); os.dup2(w, 1)"
    for line in ("model list --json", "model list", "model history", "--version"):
        done = script(program, *line.split())
        assert "Error" not in done.stderr, line
        assert "Exception" not in done.stderr, line


@pytest.mark.usefixtures("place")
def test_ctrl_c_ends_with_130_and_no_traceback() -> None:
    program = "import os, signal; import techner.settings as s; s.load_settings.__code__ = "
    program += "(lambda: os.kill(os.getpid(), signal.SIGINT)).__code__; s.os, s.signal = os, signal"
    done = script(program, "model", "list")
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}])
def test_a_terminal_without_unicode_shows_what_it_can(environment: dict[str, str]) -> None:
    for line in (("model", "show"), ("batch", "show", "é—[x]"), ("doctor",)):
        done = script("", *line, **environment)
        assert done.returncode in (0, 1, 3), done.stderr
        assert "Traceback" not in done.stderr, line


def test_a_closed_output_is_no_traceback(place: Path) -> None:
    done = script("import sys; sys.stdout = None", "model", "list")
    assert "Traceback" not in done.stderr
    assert place.is_dir()
