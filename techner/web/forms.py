"""Forms that only our own pages can send, and how they are read."""

import hmac
import json
from collections.abc import Mapping
from typing import Annotated, TypeAlias
from urllib.parse import parse_qs

from fastapi import Depends, Request

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


async def read_form(fields: Annotated[Fields, Depends(read_fields)]) -> dict[str, str]:
    """Return the last value of each field."""
    return {name: values[-1] for name, values in fields.items()}


def make_token(secret: bytes, *bound_to: str) -> str:
    """Return what only a form of ours holds, for exactly this person, deed, object and state."""
    return hmac.digest(secret, json.dumps(bound_to).encode(), "sha256").hex()


def has_token(form: Mapping[str, str], token: str) -> bool:
    """Tell whether a form holds its token; compared in constant time."""
    return hmac.compare_digest(form.get("token", "").encode(), token.encode())
