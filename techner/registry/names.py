"""What versions and aliases are called: every name from outside is held to it before it is part of a key."""

VERSION_NAME = r"[0-9]{4,9}-[0-9a-f]{16}"
ALIAS_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
