"""Services that ask for the alias `production` without end, and Airflow's own routes beside them."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from statistics import median, quantiles

import httpx

POLLERS = 60
LEAST = 20
"""Answers of Airflow's own routes: the median of a handful would be chance."""
LIMIT_S = 120.0
_ALIAS = "/techner/v1/aliases/production"
_BESIDE = ("/api/v2/version", "/api/v2/monitor/health")


@dataclass(frozen=True)
class Answers:
    """What pollers were told, by status, and how long Airflow's own routes took meanwhile."""

    told: Counter[int]
    beside_ms: list[float]

    @property
    def median_ms(self) -> float:
        return median(self.beside_ms)

    @property
    def slow_ms(self) -> float:
        """The 95th percentile."""
        return quantiles(self.beside_ms, n=20)[-1]


def ask(address: str, headers: Mapping[str, str], *, least: int = LEAST) -> Answers:
    """Poll until each poller has had an answer, and time Airflow's own routes until then."""
    return asyncio.run(_ask(address, headers, least))


async def _ask(address: str, headers: Mapping[str, str], least: int) -> Answers:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=LIMIT_S, limits=limits) as client:
        told: list[Counter[int]] = [Counter() for _ in range(POLLERS)]
        pollers = [asyncio.create_task(_poll(client, answers)) for answers in told]
        beside_ms = []
        for path in cycle(_BESIDE):
            begun = time.monotonic()
            (await client.get(path)).raise_for_status()
            beside_ms.append(1000 * (time.monotonic() - begun))
            if (all(told) and len(beside_ms) >= least) or any(poller.done() for poller in pollers):
                break
            await asyncio.sleep(0.1)
        for poller in pollers:
            poller.cancel()
        for ended in await asyncio.gather(*pollers, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                raise ended if isinstance(ended, Exception) else AssertionError(ended)
    return Answers(sum(told, Counter()), beside_ms)


async def _poll(client: httpx.AsyncClient, told: Counter[int]) -> None:
    while True:
        told[(await client.get(_ALIAS)).status_code] += 1
        await asyncio.sleep(1)
