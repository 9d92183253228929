"""Images built and run by buildah without a daemon, in a folder of their own that nothing else reads."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ALONE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""The start of a command that has a loopback of its own, so that no other program has its port."""


@dataclass(frozen=True)
class Buildah:
    folder: Path

    def do(self, *command: str, before: Sequence[str] = ()) -> str:
        """Return what a command of buildah prints; raises AssertionError with the end of what it said."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        places = ("--root", str(self.folder / "images"), "--runroot", str(self.folder / "run"))
        done = subprocess.run(
            [*before, "buildah", *places, "--storage-driver", "vfs", *command],
            env=os.environ | {"TMPDIR": str(self.folder / "tmp"), "BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]} {command[-1]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def build(self, context: Path, name: str, *options: str) -> "Image":
        """Build a stage; `docker` is the format that keeps a health check."""
        self.do("bud", "--format", "docker", "--tag", name, *options, str(context))
        return Image(self, self.do("from", "--pull-never", f"localhost/{name}").strip())


@dataclass(frozen=True)
class Image:
    """An image with a container of it, in which all commands run one after another."""

    buildah: Buildah
    container: str

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the image's configuration by Docker's names: User, Entrypoint, Cmd, Healthcheck."""
        found: dict[str, Any] = json.loads(self.buildah.do("inspect", self.container))["Docker"]["config"]
        return found

    def run(
        self,
        *command: str,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> str:
        """Run a command as an engine does, behind the entrypoint, and return what it prints."""
        return self.execute(
            *self.config["Entrypoint"], *command, options=options, environment=environment, before=before
        )

    def execute(
        self,
        *command: str,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> str:
        """Run a command in place of the entrypoint."""
        variables = (f"--env={name}={value}" for name, value in (environment or {}).items())
        return self.buildah.do("run", *options, *variables, self.container, "--", *command, before=before)
