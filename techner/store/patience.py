"""How long a server that does not answer is waited for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds for a connection, and between two pieces of an answer; how often a request is sent at most."""

    connect_s: int
    read_s: int
    attempts: int


PATIENT = Patience(connect_s=10, read_s=60, attempts=6)
"""For nights: a server that does not answer costs up to six minutes a request."""
PROMPT = Patience(connect_s=2, read_s=5, attempts=2)
"""For pages, the API and commands that somebody waits for: at most 15 seconds a request."""
