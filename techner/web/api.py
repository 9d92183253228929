"""Versions and files over HTTP, for services that are not in Python or cannot reach the store. Read-only."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from techner.core.errors import RegistryError, UnknownVersion
from techner.core.manifest import FileEntry, Manifest
from techner.core.records import Generation
from techner.registry import Registry
from techner.registry.blobs import blob_key
from techner.registry.names import ALIAS_NAME, VERSION_NAME
from techner.registry.workspace import Workspace
from techner.store import Store
from techner.web.archive import Archives
from techner.web.cached_file import CachedFile
from techner.web.recent import Recent

PREFIX = "/v1"
PRESIGNED_S = 300
AliasName = Annotated[
    str, Path(pattern=f"^{ALIAS_NAME}$", description="A movable name.", examples=["production"])
]
VersionName = Annotated[str, Path(pattern=f"^{VERSION_NAME}$", description="An immutable version.")]
Known = Annotated[str | None, Header(description="ETags that the client has; if one still holds: 304.")]


class Problem(BaseModel):
    """What is wrong, in words."""

    detail: str


def _answers(*statuses: int, **ok: Any) -> dict[int | str, dict[str, Any]]:
    words = {
        206: "the part that `Range` asks for",
        304: "an ETag in `If-None-Match` still holds",
        307: "a presigned address in the store, valid for a few minutes",
        400: "`Range` is malformed",
        401: "no token, or a wrong one",
        403: "this login may not download files of a model",
        404: "there is no such alias, version or file",
        416: "`Range` lies beyond the end",
        500: "the store holds bytes that differ from the manifest",
        503: "the server's store or disk fails, or it is busy: ask again after `Retry-After`",
    }
    plain = {206, 304, 307, 400, 416}
    described: dict[int | str, dict[str, Any]] = {
        status: {"description": words[status]} | ({} if status in plain else {"model": Problem})
        for status in (*statuses, 401, 404, 500, 503)
    }
    return described | ({200: ok} if ok else {})


def make_api(
    open_store: Callable[[], Store],
    *,
    workspace: Callable[[Store], Workspace],
    archives: Archives,
    files: Any,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the routes; `files` guards those that send a model's files.

    Files are verified in the cache of the server's `workspace` before their first byte is sent.
    """
    api = APIRouter(prefix=PREFIX, tags=["models"], route_class=routes)
    _add_versions(api, open_store)
    _add_files(api, open_store, workspace=workspace, archives=archives, guard=files)
    return api


def _add_versions(api: APIRouter, open_store: Callable[[], Store]) -> None:
    moves = Recent[Generation]()

    @api.head("/aliases/{alias}", include_in_schema=False)
    @api.get("/aliases/{alias}", responses=_answers(304))
    def current(alias: AliasName, response: Response, if_none_match: Known = None) -> Generation:
        """Return the version that an alias names: its newest generation, as it was at most a second ago."""
        store = open_store()
        move = moves.get((store.identity, alias), lambda: _newest(store, alias))
        if unchanged := _unchanged(move.id, if_none_match):
            return unchanged  # type: ignore[return-value] # FastAPI sends a response as it is
        response.headers["ETag"] = f'"{move.id}"'
        return move

    @api.head("/versions/{version}/manifest", include_in_schema=False)
    @api.get("/versions/{version}/manifest", response_model=Manifest, responses=_answers(304))
    def manifest(version: VersionName, if_none_match: Known = None) -> Response:
        """Return the manifest byte for byte as stored: all files with their SHA-256, and the lineage.

        Of the batches, it lists the newest; `lineage.parts` names the blobs of those before.
        """
        data = Registry(open_store()).manifest_bytes(version)
        etag = {"ETag": f'"{version}"'}
        return _unchanged(version, if_none_match) or Response(
            data, media_type="application/json", headers=etag
        )


def _add_files(
    api: APIRouter,
    open_store: Callable[[], Store],
    *,
    workspace: Callable[[Store], Workspace],
    archives: Archives,
    guard: Any,
) -> None:
    binary = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    file_answers = _answers(206, 304, 307, 400, 403, 416, description="the file", **binary)

    file_path, archive_path = "/versions/{version}/files/{path:path}", "/versions/{version}/archive"

    @api.head(file_path, dependencies=[guard], include_in_schema=False)
    @api.get(file_path, dependencies=[guard], response_class=Response, responses=file_answers)
    def file(
        version: VersionName,
        path: Annotated[str, Path(description="As in the manifest.", examples=["config.cfg"])],
        if_none_match: Known = None,
        presigned: Annotated[bool, Query(description="Redirect to the store if it can presign.")] = False,  # noqa: FBT002
    ) -> Response:
        """Return one file of the model, whole or in part (`Range`); its ETag is its SHA-256."""
        store = open_store()
        entry = _entry(Registry(store).manifest(version), version, path)
        if unchanged := _unchanged(entry.sha256, if_none_match):
            return unchanged
        address = store.presigned(blob_key(entry.sha256), seconds=PRESIGNED_S) if presigned else None
        if address:
            return RedirectResponse(address)
        return CachedFile(workspace(store), entry)

    gzip = {"content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}}}
    archive_answers = _answers(403, description="a .tar.gz with one folder", **gzip)

    @api.head(archive_path, dependencies=[guard], include_in_schema=False)
    @api.get(archive_path, dependencies=[guard], response_class=Response, responses=archive_answers)
    def archive(version: VersionName) -> StreamingResponse:
        """Return the whole model as one .tar.gz, packed while it is sent."""
        store = open_store()
        return archives.answer(workspace(store), version, Registry(store).manifest(version).files)


def _newest(store: Store, alias: str) -> Generation:
    newest = Registry(store).log(alias).newest()
    if newest is None:
        raise UnknownVersion(alias)
    return newest.record


def _entry(manifest: Manifest, version: str, path: str) -> FileEntry:
    for entry in manifest.files:
        if entry.path == path:
            return entry
    raise RegistryError(f"version {version} has no file {path!r}; its manifest lists what it has")


def _unchanged(etag: str, if_none_match: str | None) -> Response | None:
    """Return a 304 if the client has this ETag."""
    known = re.findall(r'(?:W/)?"([^"]*)"|(\*)', if_none_match or "")
    if any(tag == etag or star for tag, star in known):
        return Response(status_code=304, headers={"ETag": f'"{etag}"'})
    return None
