"""When nights begin: by the clock, when batches have arrived, or both (ADR 38); collections by the clock.

The triggerer imports this file by name, so it lies among the plugins.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable
from airflow.sdk.configuration import conf
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from pendulum.tz.local_timezone import get_local_timezone
from techner_models import asset_of

if TYPE_CHECKING:
    from airflow.sdk.bases.timetable import BaseTimetable

    from techner.core.nights import CollectionPolicy, NightsPolicy
    from techner.inbox.arrivals import Listing

RUN_TYPES: Any = ("scheduled", "manual", "asset_triggered", "operator_triggered", "asset_materialization")
"""All but backfills: a night has no date, and would take today's batches for each."""
_MARK = "mark"
_MOST_NAMES = 20


def schedule(policy: "NightsPolicy", model: str | None = None) -> "BaseTimetable | list[Asset] | None":
    """Return the schedule of the nights; raises PolicyError for a wrong time zone or cron expression."""
    timetable = clock(policy)
    if not policy.on_arrival:
        return timetable
    inbox = [_inbox(policy, model)]
    return AssetOrTimeSchedule(timetable=timetable, assets=inbox) if timetable else inbox


def clock(policy: "NightsPolicy | CollectionPolicy") -> CronTriggerTimetable | None:
    """Return when the clock says so, None for never; raises PolicyError as `schedule` does."""
    if not policy.schedule:
        return None
    from airflow.sdk.exceptions import AirflowTimetableInvalid

    from techner.core.errors import PolicyError

    timetable = CronTriggerTimetable(policy.schedule, timezone=_zone(policy))
    try:
        timetable.validate()
    except AirflowTimetableInvalid as error:
        raise PolicyError(f"{policy.section}.schedule", f"is {policy.schedule!r}: {error}") from error
    return timetable


def _zone(policy: "NightsPolicy | CollectionPolicy") -> Any:
    from techner.core.errors import PolicyError

    name = policy.timezone or str(conf.get("core", "default_timezone"))
    if name == "system":
        return get_local_timezone()
    try:
        return ZoneInfo("UTC" if name == "utc" else name).key  # Airflow's own spelling
    except (KeyError, ValueError, OSError) as error:
        problem = f"is {name!r}: give a name like Europe/Berlin, or UTC"
        raise PolicyError(f"{policy.section}.timezone", problem) from error


def _inbox(policy: "NightsPolicy", model: str | None) -> Asset:
    trigger = InboxTrigger(model=model, quiet_s=policy.quiet_s)
    return asset_of(model, "inbox", AssetWatcher(name="techner_inbox", trigger=trigger))


class InboxTrigger(BaseEventTrigger):
    """Tell that files have arrived in the inbox, once it has not changed for `quiet_s`."""

    def __init__(self, *, model: str | None = None, quiet_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model, self.quiet_s = model, quiet_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes the same trigger again."""
        return f"{__name__}.InboxTrigger", {"model": self.model, "quiet_s": self.quiet_s}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each arrival, for ever; what was seen is remembered across restarts."""
        from techner.inbox.arrivals import Arrivals

        state = self.asset_state_store
        kept = str(await state.aget(_MARK, "")) if state else ""
        arrivals = Arrivals(kept)
        while True:
            found = await asyncio.to_thread(self._listed)
            if found is not None and (new := arrivals.look(found)):
                yield TriggerEvent({"arrived": list(new[:_MOST_NAMES]), "number": len(new)})  # type: ignore[no-untyped-call]
            # Only now: if the triggerer ended before, the event would be lost. Twice does no harm. A removal
            # is no event, but must be remembered too.
            if state and arrivals.mark != kept:
                kept = arrivals.mark
                await state.aset(_MARK, kept)
            await asyncio.sleep(self.quiet_s)

    def _listed(self) -> "Listing | None":
        from techner.core.errors import TechnerError
        from techner.inbox.arrivals import listing
        from techner.settings import load_settings
        from techner.store.patience import PROMPT

        try:
            return listing(load_settings(self.model).open_store(PROMPT))
        except TechnerError as error:  # the next look may succeed
            self.log.warning("the inbox of %s was not looked at: %s", self.model or "the model", error)
            return None
