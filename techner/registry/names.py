"""What versions and aliases are called: every name from outside is held to it before it is part of a key."""

import re

VERSION_NAME = r"[0-9]{4,9}-[0-9a-f]{16}"
ALIAS_NAME = r"[a-z][a-z0-9.-]{0,62}"
"""Never like a version, which begins with a digit."""

_TOP = 999_999_999_999
_RECORD = re.compile(r"(\d{12})\.json")


def record_name(generation: int) -> str:
    """Return the last part of the key of a log's record: the newest is listed first."""
    return f"{_TOP - generation:012d}.json"


def generation_of(key: str) -> int | None:
    """Return which generation of its log a record is; None where the key is no record's."""
    found = _RECORD.fullmatch(key.rpartition("/")[2])
    return _TOP - int(found[1]) if found else None
