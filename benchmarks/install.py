"""What each role costs to install: `pip install techner[ROLE]` into an empty environment, from the wheel.

    python benchmarks/install.py [client load annotator sign ui export quality train all]

Prints packages, the MB that they take with their bytecode, and seconds: of the processor, and in all. Each
role downloads the newest versions that the index has, so the seconds in all are mostly those of the network.
"""

import argparse
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
ROLES = ("client", "load", "annotator", "sign", "ui", "export", "quality", "train", "all")


def build(folder: Path) -> Path:
    """Build the wheel of this checkout."""
    line = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def install(wheel: Path, role: str, folder: Path) -> Path:
    """Install one role by the pip of this environment into one without pip; returns its site-packages."""
    venv.create(folder, with_pip=False, symlinks=True)
    options = ["--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    line = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", *options]
    subprocess.run([*line, f"{wheel}[{role}]"], check=True)
    return next(folder.glob("lib/python*/site-packages"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("roles", nargs="*", metavar="ROLE", default=ROLES, help="default: all of them")
    roles = parser.parse_args().roles
    if unknown := set(roles) - {*ROLES}:
        parser.error(f"no such role: {', '.join(sorted(unknown))}; there are {', '.join(ROLES)}")
    with TemporaryDirectory() as scratch:
        wheel = build(Path(scratch))
        print(f"{'role':10} packages     MB   CPU s   s in all")
        for role in roles:
            begun, used = time.monotonic(), cpu_s()
            with TemporaryDirectory(dir=scratch) as folder:
                site = install(wheel, role, Path(folder))
                seconds, cpu = time.monotonic() - begun, cpu_s() - used
                packages = len([*site.glob("*.dist-info")])
                megabytes = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
            print(f"{role:10} {packages:8} {megabytes:6.0f} {cpu:7.1f} {seconds:10.1f}", flush=True)


def cpu_s() -> float:
    """Return the processor time of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
