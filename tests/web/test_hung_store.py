"""A store that takes connections and never answers: the server around the app goes on."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from techner.store import open_store
from techner.store.patience import Patience
from techner.web import create_app
from techner.web.threads import PLACES
from tests.waiting import LIMIT_S, until

# More than the 40 threads that an app shares with what is mounted in it, even without those for the alias,
# of whom one at a time asks the store.
POLLED = [
    *["/v1/versions/0001-0123456789abcdef/manifest"] * 25,
    *["/"] * 25,
    *["/v1/aliases/production"] * 10,
]


class HungServer:
    """Takes connections until it is closed, reads nothing and answers nothing, like a stopped process."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=2 * len(POLLED))
        self.port = self._listening.getsockname()[1]
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):  # closed
            while True:
                self.taken.append(self._listening.accept()[0])

    def close(self) -> None:
        """Hang up on everybody."""
        with suppress(OSError):  # wakes the thread that takes
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self.taken:
            one.close()


@pytest.fixture
def hung() -> Iterator[HungServer]:
    server = HungServer()
    yield server
    server.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, what="the server listens")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.usefixtures("moto_endpoint")  # for its credentials
def test_beside_sixty_pollers_of_a_hung_store_other_routes_answer(hung: HungServer) -> None:
    store = open_store(
        "s3://bucket/ner",
        s3_endpoint=f"http://127.0.0.1:{hung.port}",
        patience=Patience(connect_s=LIMIT_S, read_s=LIMIT_S, attempts=1),
    )
    host = FastAPI()

    @host.get("/beside")
    def beside() -> str:
        return "here"

    host.mount("/techner", create_app(lambda: store))
    with (
        served(host) as address,
        httpx.Client(base_url=address, timeout=LIMIT_S, limits=httpx.Limits()) as client,
        ThreadPoolExecutor(len(POLLED)) as pollers,
    ):
        polls = [pollers.submit(client.get, f"/techner{path}") for path in POLLED]
        try:
            until(lambda: hung.taken, what="a poller has reached the store")
            until(
                lambda: sum(map(Future.done, polls)) >= len(POLLED) - PLACES, what="the others are sent away"
            )
            assert client.get("/beside").json() == "here"
            assert not all(map(Future.done, polls))  # it still hangs
        finally:
            hung.close()
        answers = [poll.result() for poll in polls]
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
