"""A small system of this machine's files, for the stand-ins of the images that the Dockerfile begins with."""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

PROGRAMS = (
    *("bash", "cat", "chmod", "chown", "curl", "env", "find", "grep", "id", "kill", "ls", "mkdir", "rm"),
    *("sed", "sleep", "touch", "uname", "xargs"),
)
OF_WHEELS = ("libgcc_s.so.1", "libstdc++.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1")
"""Libraries that a wheel for manylinux finds everywhere."""
MERGED = ("bin", "lib", "lib64", "sbin")
"""Folders of `/usr` that Debian has in `/` too."""
USERS = "root:x:0:0::/root:/bin/bash\nairflow:x:50000:0::/home/airflow:/bin/bash\n"
PIP_OF_DEBIAN = Path("/usr/share/python-wheels")
"""Where Debian's `ensurepip` finds pip; others have it in the standard library."""
LEFT_OUT = ("site-packages", "dist-packages", "test", "idlelib", "tkinter", "config-*", "__pycache__")


def make_system(root: Path) -> None:
    """Fill a folder with what `FROM` would bring: Python, a shell, a few programs."""
    for name in (*(f"usr/{name}" for name in MERGED), "etc", "root", "tmp", "usr/local/bin"):
        (root / name).mkdir(parents=True)
    for name in MERGED:
        (root / name).symlink_to(f"usr/{name}")
    (root / "root").chmod(0o700)
    (root / "tmp").chmod(0o1777)
    (root / "etc" / "passwd").write_text(USERS)
    (root / "etc" / "group").write_text("root:x:0:\n")
    programs = {name: shutil.which(name) for name in PROGRAMS}
    assert all(programs.values()), programs
    for name, place in programs.items():
        shutil.copy2(str(place), root / "usr" / "bin" / name)
    (root / "usr" / "bin" / "sh").symlink_to("bash")
    _copy_python(root)
    binaries = [*(root / "usr" / "bin").iterdir(), *(root / "usr" / "local").rglob("*.so")]
    _copy_libraries([*binaries, root / "usr" / "local" / "bin" / "python3"], root)


def _copy_python(root: Path) -> None:
    """Copy the interpreter of `.venv`, which finds its standard library beside itself."""
    stdlib, local = Path(sysconfig.get_path("stdlib")), root / "usr" / "local"
    shutil.copy2(Path(sys.base_prefix, "bin", stdlib.name), local / "bin" / "python3")
    shutil.copytree(stdlib, local / "lib" / stdlib.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    if PIP_OF_DEBIAN.is_dir():
        shutil.copytree(PIP_OF_DEBIAN, root / PIP_OF_DEBIAN.relative_to("/"))


def _copy_libraries(binaries: Iterable[Path], root: Path) -> None:
    """Copy what binaries are linked to: the loader to its place, libraries where it looks by itself."""
    known = re.findall(r"(?m)^\t(\S+) \(libc6,(?:x86-64|AArch64)\) => (\S+)$", _said("ldconfig", "-p"))
    for name, place in {*_linked(binaries), *((name, place) for name, place in known if name in OF_WHEELS)}:
        target = root / (name.removeprefix("/") if name.startswith("/") else f"usr/lib/{name}")
        shutil.copy2(place, target)


def _linked(binaries: Iterable[Path]) -> Iterator[tuple[str, str]]:
    said = _said("ldd", *map(str, binaries))
    assert "not found" not in said, said
    yield from re.findall(r"(?m)^\t(\S+) => (\S+) \(", said)
    for loader in re.findall(r"(?m)^\t(/\S+) \(", said):
        yield loader, loader


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
