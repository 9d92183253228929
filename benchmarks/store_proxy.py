"""A proxy before a server of S3 that is slow, or answers with errors, for `outages.py`."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

HOST = "127.0.0.1"
PIECE_BYTES = 1 << 16
_CODES = {500: ("Internal Server Error", "InternalError"), 503: ("Service Unavailable", "SlowDown")}


class StoreProxy:
    """Passes bytes on both ways, in a thread of its own; use it by `with`.

    It knows nothing of requests: what a client sends next is delayed or refused, also within an upload.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._delay_s, self._status = 0.0, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self.port = 0
        """Where it listens."""

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, HOST, 0), self._loop)
        self.port = serving.result().sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(_end_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @contextmanager
    def while_ill(self, *, delay_s: float = 0.0, status: int = 0) -> Iterator[None]:
        """Let each piece of what clients send wait; with a `status`, answer everything with that error."""
        self._delay_s, self._status = delay_s, status
        try:
            yield
        finally:
            self._delay_s, self._status = 0.0, 0

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_connection(HOST, self._to_port)
        except OSError:
            to_client.transport.abort()  # as the server itself would refuse
            return
        back = asyncio.create_task(_pass_on(server, to_client))
        with suppress(OSError, asyncio.CancelledError):
            while piece := await client.read(PIECE_BYTES):
                await asyncio.sleep(self._delay_s)
                if self._status:
                    back.cancel()
                    await _refuse(client, to_client, self._status)
                    break
                to_server.write(piece)
                await to_server.drain()
        back.cancel()
        for writer in (to_server, to_client):
            writer.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(PIECE_BYTES):
            sink.write(piece)
            await sink.drain()
        sink.close()


async def _refuse(client: asyncio.StreamReader, to_client: asyncio.StreamWriter, status: int) -> None:
    reason, code = _CODES[status]
    body = f"<Error><Code>{code}</Code><Message>as told</Message></Error>"
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    to_client.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await to_client.drain()
    to_client.write_eof()
    # To close before all is read would reset the connection, answer and all.
    while await client.read(PIECE_BYTES):
        pass
