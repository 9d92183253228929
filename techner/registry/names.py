"""What versions and aliases are called: every name from outside is held to it before it is part of a key."""

VERSION_NAME = r"[0-9]{4,9}-[0-9a-f]{16}"
ALIAS_NAME = r"[a-z][a-z0-9.-]{0,62}"
"""Never like a version, which begins with a digit."""
