"""How pip finds packages on this machine, for builds of an image: it knows of no other."""

import os
import re
from configparser import RawConfigParser
from pathlib import Path

FILES = ("/etc/xdg/pip/pip.conf", "/etc/pip.conf")
OF_A_HOME = (".pip/pip.conf", ".config/pip/pip.conf")
"""Later ones win, and variables over all."""
INDEXES = ("index-url", "extra-index-url", "find-links")


def pip_configuration() -> tuple[str, list[Path]]:
    """Return the text of one `pip.conf`, and the files of this machine that it names.

    Folders of packages are left out: an image has only what an index gave it.
    """
    found = RawConfigParser()
    home = Path(os.environ["HOME_OF_THE_PERSON"])  # that of the tests has none
    found.read([*map(Path, FILES), *(home / name for name in OF_A_HOME)])
    options = dict(found["global"]) if found.has_section("global") else {}
    for name, value in os.environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    for name in INDEXES:
        words = options.get(name, "").split()
        options[name] = "\n  ".join(word for word in words if re.match("(?!file:)[a-z]+://", word))
    lines = [f"{name} = {value}" for name, value in options.items() if value]
    files = {Path(word) for line in lines for word in line.split() if word.startswith("/")}
    return "\n".join(["[global]", *lines, ""]), sorted(path for path in files if path.is_file())
