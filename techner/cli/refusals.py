"""What the system or the installation refuses, as an error that people can read."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from techner.core.errors import SettingsError, TechnerError

EXTRAS = {
    "cryptography": "sign",
    "fastapi": "ui",
    "great_expectations": "quality",
    "jinja2": "train",
    "numpy": "train",
    "pandas": "quality",
    "spacy": "train",
    "starlette": "ui",
    "thinc": "train",
    "uvicorn": "ui",
}
"""Top-level module → the extra of techner that brings it."""


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
    if extra := EXTRAS.get(module):
        return SettingsError(f"this needs the extra `{extra}`: pip install 'techner[{extra}]'")
    return SettingsError(f"the Python package {module!r} is missing: pip install 'techner[all]'")


def _refused(error: OSError) -> TechnerError:
    what = f"cannot use {error.filename!r}: " if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return TechnerError(f"{what}{error.strerror}; free some space, or write elsewhere")
    return TechnerError(f"{what}{error.strerror or error}; give another path, or correct its permissions")
