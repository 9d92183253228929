"""The archive of a version over HTTP: a few at a time, each only as long as its reader reads."""

import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from tempfile import gettempdir

import anyio
from fastapi.responses import StreamingResponse
from starlette.concurrency import iterate_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from techner.core.errors import Busy
from techner.core.manifest import FileEntry
from techner.registry.leases import Lease, blob_name
from techner.registry.locks import sweep
from techner.registry.packing import archive_name, packed
from techner.registry.workspace import Workspace

MOST = 4
"""Archives made at once; each keeps a thread busy. Further requests get a 503 and ask again."""
STALL_S = 60.0
"""How long a reader may read nothing before its archive is abandoned."""
_DAY_S = 24 * 3600.0


class Archives:
    """Makes archives from the blobs of a cache; an app has one."""

    def __init__(self, most: int = MOST, *, stall_s: float = STALL_S) -> None:
        self._places, self._stall_s = threading.BoundedSemaphore(most), stall_s

    def answer(self, workspace: Workspace, version: str, files: Iterable[FileEntry]) -> StreamingResponse:
        """Answer with the archive of a version; its name and its one folder name the version.

        Every blob is in the cache and verified before the first byte is sent, so a damaged one raises
        IntegrityError while an error can still be the answer. Raises Busy if all places are taken.
        """
        files = tuple(files)
        # Earlier releases copied the files of each archive there, and left them when a reader hung up.
        sweep(Path(gettempdir()), "techner-download-*", older_s=_DAY_S)
        if not self._places.acquire(blocking=False):
            raise Busy("other archives are being sent")
        lease = Lease(workspace.cache, map(blob_name, files))
        try:
            workspace.fetch(files)
            name = archive_name(version)
            return _Archive(
                packed(
                    files,
                    blobs=workspace.cache / "blobs",
                    root=name,
                    fetch=lambda entry: workspace.fetch([entry]),
                ),
                media_type="application/gzip",
                headers={"Content-Disposition": f'attachment; filename="{name}.tar.gz"'},
                place=self._places,
                lease=lease,
                stall_s=self._stall_s,
            )
        except BaseException:
            lease.close()
            self._places.release()
            raise


class _Archive(StreamingResponse):
    """Gives its place and lease back however it ends: sent, hung up, stalled or cancelled."""

    def __init__(
        self,
        content: Iterable[bytes],
        *,
        media_type: str,
        headers: dict[str, str],
        place: threading.BoundedSemaphore,
        lease: Lease,
        stall_s: float,
    ) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._stall_s, self._lease = stall_s, lease
        # Once, and also if this is dropped before it is called because its request was cancelled.
        self._give_back = weakref.finalize(self, place.release)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            self.body_iterator = iterate_in_threadpool(())  # nothing is packed to be thrown away
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._lease.close()
            self._give_back()

    async def stream_response(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            with anyio.fail_after(self._stall_s):
                await send(message)

        await super().stream_response(in_time)
