"""Text that may be shown, without the passwords and signatures in URLs."""

import re

HIDDEN = "***"
# A password may contain a slash (S3 keys do), so all up to the last @ is hidden, unless a port comes first.
_WITH_PASSWORD = re.compile(
    r"""(?P<before>\b[a-z][a-z0-9+.-]*://|(?<=['"=]))[^\s/:@'"<>]*:(?!\d+(?:[/?#]|$))[^\s'"<>]*@""",
    re.IGNORECASE,
)
_WITH_NAME = re.compile(r"""(?P<before>\b[a-z][a-z0-9+.-]*://)[^\s/?#@'"<>]+@""", re.IGNORECASE)
_IN_QUERY = re.compile(
    r"(?P<before>[?&;](?:X-Amz-[A-Za-z-]+|X-Goog-[A-Za-z-]+|[A-Za-z_-]*(?:signature|sig|token|key|keyid|secret|password|"
    r"credential|auth))=)[^&;\s'\"<>]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return `text` with `***` for credentials: `user:password@`, `token@`, and signed parts of a query."""
    for pattern in (_WITH_PASSWORD, _WITH_NAME):
        text = pattern.sub(rf"\g<before>{HIDDEN}@", text)
    return _IN_QUERY.sub(rf"\g<before>{HIDDEN}", text)


def shown(text: str) -> str:
    """Return foreign text for a terminal or log, with control and direction characters escaped."""
    return "".join(
        char
        if char.isprintable() or char == " "
        else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )
