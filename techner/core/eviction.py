"""How large the local cache may grow, and how long it keeps what nobody uses."""

from typing import Annotated, ClassVar

from techner.core.bounds import Checked, Range
from techner.core.document import document


@document
class EvictionPolicy(Checked):
    """What is removed from the local cache; it can be fetched again (ADR 49)."""

    section: ClassVar[str] = "eviction"

    max_bytes: Annotated[int, Range(0, 10**15)] = 20_000_000_000
    """Bytes that the cache may hold between two tasks or downloads; 0: no bound."""
    max_days: Annotated[float, Range(0.0, 36_500.0)] = 60.0
    """Days for which a file that nobody uses is kept; 0: no bound."""
