"""Notices that production was moved, by whatever means: the command line has no Airflow (ADR 37).

The triggerer imports this file by name, so it lies among the plugins.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

POLL_S = 20.0


class ProductionMoved(BaseEventTrigger):
    """Fires with the number of production's newest move, once, when two polls have found it.

    The time between them leaves a night's own `publish` the first word. What was told is not kept: after a
    restart it fires again, and the announcing DAG finds that consumers know.
    """

    def __init__(self, *, model: str | None = None, poll_s: float = POLL_S) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.poll_s = model, poll_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.ProductionMoved", {"model": self.model, "poll_s": self.poll_s}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        fired_for = seen = 0
        while True:
            found = await asyncio.to_thread(self._newest)
            if found and found == seen and found != fired_for:
                fired_for = found
                yield TriggerEvent({"generation": found})  # type: ignore[no-untyped-call]
            seen = found or seen
            await asyncio.sleep(self.poll_s)

    def _newest(self) -> int | None:
        from techner.core.errors import TechnerError
        from techner.registry import Registry
        from techner.settings import load_settings
        from techner.store.patience import PROMPT

        try:
            return Registry(load_settings(self.model).open_store(PROMPT)).log().length()
        except TechnerError as error:  # it comes back, and so does the move
            self.log.warning("the store of %s was not looked at: %s", self.model or "the model", error)
            return None
