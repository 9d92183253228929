"""Notices that production was moved, by whatever means: the command line has no Airflow (ADR 37).

The triggerer imports this file by name, so it lies among the plugins.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import Asset
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

PRODUCTION = Asset(name="techner_production", uri="techner://production")
"""Updated by every move of production; other DAGs can be scheduled on it. Its extra names the version."""
POLL_S = 20.0


class ProductionMoved(BaseEventTrigger):
    """Fires with the number of production's newest move, once, when two polls have found it.

    The time between them leaves a night's own `publish` the first word. What was told is not kept: after a
    restart it fires again, and `techner_announce` finds that consumers know.
    """

    def __init__(self, *, poll_s: float = POLL_S) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_s = poll_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.ProductionMoved", {"poll_s": self.poll_s}

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
            return Registry(load_settings().open_store(PROMPT)).log().length()
        except TechnerError as error:  # it comes back, and so does the move
            self.log.warning("the store was not looked at for moves of production: %s", error)
            return None
