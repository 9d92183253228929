"""The names of versions and aliases: a name from outside must match before it becomes part of a key."""

import re

VERSION_NAME = r"[0-9]{4,9}-[0-9a-f]{16}"
ALIAS_NAME = r"[a-z][a-z0-9.-]{0,62}"
"""Never the name of a version, which begins with a digit."""

_TOP = 999_999_999_999
_RECORD = re.compile(r"(\d{12})\.json")


def record_name(generation: int) -> str:
    """Return the last part of a record's key; it counts down, so that the newest is listed first."""
    return f"{_TOP - generation:012d}.json"


def generation_of(key: str) -> int | None:
    """Return the generation of the record at this key; None if the key is not that of a record."""
    found = _RECORD.fullmatch(key.rpartition("/")[2])
    return _TOP - int(found[1]) if found else None
