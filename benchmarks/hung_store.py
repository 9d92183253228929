"""A store that hangs, and the server that techner's pages are mounted in.

    python benchmarks/hung_store.py [--pollers 60] [--seconds 40]

A server of S3 takes every connection and never answers, like a process that was stopped. Pollers ask for the
alias, a manifest and the page in turn, a second after each answer. Prints how long a route of the
server around the app takes, without the pollers and beside them, and what the pollers are told. The app waits
for its store as in production.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from statistics import quantiles

import httpx
import uvicorn
from fastapi import FastAPI

from techner.settings import Settings
from techner.web import Opener, create_app

PATHS = ("v1/aliases/production", "v1/versions/0001-0123456789abcdef/manifest", "")
LIMIT_S = 120.0


def serve(listening: socket.socket, store_port: int) -> None:
    settings = Settings(store="s3://bucket/ner", s3_endpoint=f"http://127.0.0.1:{store_port}")
    host = FastAPI()

    @host.get("/beside")
    def beside() -> str:
        return "here"

    app = create_app(Opener(lambda: settings), settings=lambda: settings)
    host.mount("/techner", app)
    # On a busy machine, a client may send on a connection that the server is just closing.
    config = uvicorn.Config(host, log_level="critical", timeout_keep_alive=3600)
    uvicorn.Server(config).run(sockets=[listening])


async def poll(client: httpx.AsyncClient, paths: Iterator[str], told: list[tuple[int, float]]) -> None:
    while True:
        begun = time.monotonic()
        answer = await client.get(f"/techner/{next(paths)}")
        told.append((answer.status_code, time.monotonic() - begun))
        await asyncio.sleep(1)


async def beside(client: httpx.AsyncClient, seconds: float) -> list[float]:
    """Ask ten times a second; returns the milliseconds of each answer."""
    taken: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(taken) < 2:
        begun = time.monotonic()
        (await client.get("/beside")).raise_for_status()
        taken.append(1000 * (time.monotonic() - begun))
        await asyncio.sleep(0.1)
    return taken


def show(what: str, taken: list[float], unit: str) -> None:
    parts = quantiles(taken, n=100)
    figures = f"median {parts[49]:.1f}, 99 % {parts[98]:.1f}, longest {max(taken):.1f} {unit}"
    print(f"{what}: {len(taken)} answers, {figures}", flush=True)


async def measure(address: str, *, pollers: int, seconds: float) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=LIMIT_S, limits=limits) as client:
        show("beside nobody", await beside(client, seconds / 4), "ms")
        told: list[tuple[int, float]] = []
        paths = itertools.cycle(PATHS)
        tasks = [asyncio.create_task(poll(client, paths, told)) for _ in range(pollers)]
        show(f"beside {pollers} pollers", await beside(client, seconds), "ms")
        for task in tasks:
            task.cancel()
        failed = await asyncio.gather(*tasks, return_exceptions=True)
    show("pollers", [taken for _, taken in told], "s")
    print(f"their answers: {dict(Counter(status for status, _ in told))}")
    errors = [error for error in failed if not isinstance(error, asyncio.CancelledError)]
    if errors:
        raise SystemExit(f"{len(errors)} pollers failed: {errors[0]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pollers", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=40)
    options = parser.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1024) as hung,  # the kernel takes the connections
        socket.create_server(("127.0.0.1", 0), backlog=1024) as listening,
    ):
        server = multiprocessing.get_context("fork").Process(
            target=serve, args=(listening, hung.getsockname()[1])
        )
        server.start()
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            asyncio.run(measure(address, pollers=options.pollers, seconds=options.seconds))
        finally:
            server.kill()
            server.join()


if __name__ == "__main__":
    main()
