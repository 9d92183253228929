"""Forms that only our own pages can send, and what all of them check."""

import hmac
import json
from collections.abc import Mapping
from typing import Annotated, TypeAlias
from urllib.parse import parse_qs

from fastapi import Depends, Request

MAX_FORM_BYTES = 64 * 2**10
MAX_REASON = 2000
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


def fault_of_reason(why: str, *, is_needed: bool) -> str:
    """Return what is wrong with a reason, in a sentence; the empty string if nothing is."""
    if len(why) > MAX_REASON:
        return f"The reason has {len(why)} characters; {MAX_REASON} are allowed."
    if is_needed and not any(character.isalnum() for character in why):
        return "A reason is needed, in words: it is kept for good."
    return ""
