"""What the system or the installation refuses, as an error that people can read."""

import errno
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from techner.core.errors import SettingsError, TechnerError

EXTRAS = {
    "annotator": ("numpy", "regex"),
    "train": (
        "great_expectations",
        "jinja2",
        "markupsafe",
        "numpy",
        "pandas",
        "regex",
        "scipy",
        "spacy",
        "srsly",
        "thinc",
    ),
    "sign": ("cryptography",),
    "ui": ("anyio", "fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"),
    "export": ("build", "spacy"),
    "load": ("spacy", "srsly"),
}
"""Extra → the modules that it brings, as far as techner imports them."""
_OF_COMMAND = {"batch check": ("annotator", "load"), "serve": ("ui",), "model export": ("export",)}
"""The extras of a command, the one that it always needs first; `train` for the others."""


@contextmanager
def in_words() -> Iterator[None]:
    """Raise a TechnerError for a missing extra and for what the operating system refuses."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    except MemoryError as error:
        raise TechnerError(
            "there is not enough memory for this; close other programs, or give it less data"
        ) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise SystemExit(1) from error  # the reader of our output has gone
        raise _refused(error) from error


def _missing(error: ModuleNotFoundError) -> TechnerError:
    module = (error.name or "").partition(".")[0]
    if module == "techner":
        raise error
    return missing(module, sys.argv[1:])


def missing(module: str, arguments: Sequence[str]) -> SettingsError:
    """Return the error that names the extra which brings a module, of several the one for this command."""
    said = [*arguments]
    if said and said[0].partition("=")[0] == "--model":  # of techner itself, before the command
        said = said[1 if "=" in said[0] else 2 :]
    command = next((known for known in _OF_COMMAND if said[: len(known.split())] == known.split()), "")
    wanted = [*_OF_COMMAND.get(command, ("train",)), *EXTRAS]
    if extra := next((extra for extra in wanted if module in EXTRAS[extra]), None):
        return SettingsError(f"this needs the extra `{extra}`: pip install 'techner[{extra}]'")
    return SettingsError(f"the Python package {module!r} is missing: pip install 'techner[all]'")


def _refused(error: OSError) -> TechnerError:
    what = f"cannot use {error.filename!r}: " if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TechnerError(f"{what}{error.strerror}; free some space, or write elsewhere")
    return TechnerError(f"{what}{error.strerror or error}; give another path, or correct its permissions")
