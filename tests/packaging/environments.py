"""Environments that hold the wheel and what one extra declares, and nothing else of `.venv`."""

import csv
import os
import subprocess
import sys
import venv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from sysconfig import get_path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SITE = Path(get_path("purelib"))


@dataclass(frozen=True)
class Environment:
    """A virtual environment without pip, as somebody has it who installed one extra."""

    folder: Path

    @property
    def site(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    @property
    def python(self) -> list[str]:
        """The start of a command line: this interpreter, which sees nothing of the current folder."""
        return [str(self.folder / "bin" / "python"), "-P"]

    @property
    def techner(self) -> list[str]:
        """The installed command; by the interpreter, as its first line names the folder it was made in."""
        return [*self.python, str(self.folder / "bin" / "techner")]

    @property
    def megabytes(self) -> float:
        """Return the size of what is installed, without the bytecode that Python adds when it runs."""
        folders = os.walk(self.site, followlinks=True)
        files = (Path(folder, name) for folder, _, names in folders for name in names)
        return sum(path.stat().st_size for path in files if path.suffix != ".pyc") / 1e6


def make(folder: Path, wheel: Path, extra: str) -> None:
    """Make an environment with the wheel and this extra alone, of what `.venv` holds: no index is asked."""
    venv.create(folder, with_pip=False, symlinks=True)
    _link(Environment(folder).site, closure(wheel, extra))
    install = ["uv", "pip", "install", "--quiet", "--offline", "--no-cache", "--no-deps"]
    python = ["--python", str(folder / "bin" / "python")]
    subprocess.run([sys.executable, "-m", *install, *python, str(wheel)], check=True)


def closure(wheel: Path, extra: str) -> frozenset[str]:
    """Return the distributions that an extra brings, with all that they need in turn; without techner."""
    known = _in(SITE) | _in(wheel)
    found: dict[str, set[str]] = {}
    todo = [("techner", {"", extra})]
    while todo:
        name, chosen = todo.pop()
        if not chosen <= found.get(name, set()):
            found.setdefault(name, set()).update(chosen)
            todo += [(needed, {"", *more}) for needed, more in _declared(known[name], found[name]).items()]
    return frozenset(found) - {"techner"}


def modules(name: str) -> frozenset[str]:
    """Return the top-level modules of a distribution."""
    return frozenset(parts[0].removesuffix(".py") for parts in _files()[name])


def _declared(one: Distribution, chosen: Iterable[str]) -> dict[str, set[str]]:
    """Return the distributions that one asks for where some of its extras are chosen, and their extras."""
    found: dict[str, set[str]] = defaultdict(set)
    for needed in map(Requirement, one.requires or ()):
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in chosen):
            found[canonicalize_name(needed.name)] |= needed.extras
    return found


@cache
def _in(place: Path) -> dict[str, Distribution]:
    return {canonicalize_name(one.metadata["Name"]): one for one in distributions(path=[str(place)])}


@cache
def _files() -> dict[str, list[tuple[str, ...]]]:
    """Return what each distribution has in site-packages, by its record."""
    records = {name: one.read_text("RECORD") or "" for name, one in _in(SITE).items()}
    paths = {
        name: (Path(row[0]).parts for row in csv.reader(text.splitlines())) for name, text in records.items()
    }
    return {name: [parts for parts in found if parts[0] != ".."] for name, found in paths.items()}


def _link(site: Path, wanted: frozenset[str]) -> None:
    """Link distributions into a site-packages: a whole folder where no other distribution has a part in it.

    Links share the bytecode of `.venv`, which copies would have to compile again.
    """
    others = {parts[0] for name, files in _files().items() if name not in wanted for parts in files}
    for parts in (parts for name in wanted for parts in _files()[name]):
        target = parts if parts[0] in others else parts[:1]
        place = site.joinpath(*target)
        if not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(SITE.joinpath(*target))
