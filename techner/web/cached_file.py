"""One file of a model over HTTP, sent from the cache."""

from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from techner.core.manifest import FileEntry
from techner.registry.leases import Lease, blob_name
from techner.registry.workspace import Workspace


class CachedFile(FileResponse):
    """Sends a verified file, in whole or in part; until it is sent, nobody evicts it."""

    def __init__(self, workspace: Workspace, entry: FileEntry) -> None:
        """Let the cache hold the file; raises what `fetch` raises, while that can still be the answer."""
        self._lease = Lease(workspace.cache, [blob_name(entry)])
        workspace.fetch([entry])
        self._workspace, self._entry = workspace, entry
        super().__init__(
            workspace.cache / "blobs" / entry.sha256,
            media_type="application/octet-stream",
            headers={"ETag": f'"{entry.sha256}"'},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if not (self._workspace.cache / "blobs" / self._entry.sha256).exists():  # evicted without locks
                await run_in_threadpool(self._workspace.fetch, [self._entry])
            await super().__call__(scope, receive, send)
        finally:
            self._lease.close()
