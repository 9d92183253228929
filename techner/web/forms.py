"""Forms: how they are read, and the token that only a form of ours holds."""

import hmac
from typing import TypeAlias
from urllib.parse import parse_qs

from fastapi import Request

MAX_FORM_BYTES = 64 * 2**10
Fields: TypeAlias = dict[str, list[str]]
"""Name → its values, in order; a list that people tick sends its name several times."""


async def read_fields(request: Request) -> Fields:
    """Return the fields of a form; what is too long for one is cut, and its token then fails."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return {}
    return parse_qs(body.decode(errors="replace"), keep_blank_values=True)


def make_token(secret: bytes, *parts: str) -> str:
    """Return what only a form of ours holds, for this person and what the form is about."""
    return hmac.digest(secret, "\n".join(parts).encode(), "sha256").hex()


def is_token(found: str, token: str) -> bool:
    return hmac.compare_digest(found.encode(), token.encode())
