"""What an action of the pages is, whatever it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from techner.runs.judgements import Word
from techner.store import Store


class Prospect(Protocol):
    """What an action would do now."""

    @property
    def state(self) -> str:
        """What it depends on, as one short word: a form is for one state."""

    @property
    def changed(self) -> str:
        """What is said of a form whose state is past."""

    @property
    def refusal(self) -> str:
        """Why it cannot be done; the empty string if it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAction:
    template: str
    look: Callable[[Store, str], Any]
    """Store, and what the action is about → its Prospect; raises RegistryError if there is no such thing."""
    do: Callable[[Store, Any, Word], None]
    """Raises RegistryError if it is refused, or another was faster."""
