"""Downloads, reports and cards of versions."""

import re
from collections.abc import Callable

from fastapi import APIRouter, params
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.routing import APIRoute

from techner.core.errors import RegistryError, UnknownVersion
from techner.core.manifest import Manifest
from techner.registry import Registry
from techner.registry.blobs import load_bytes
from techner.registry.names import VERSION_NAME
from techner.registry.workspace import Workspace
from techner.runs.report import told_report_of
from techner.store import Store
from techner.web.archive import Archives
from techner.web.pages import HEADERS, REPORT_HEADERS


def checked_manifest(store: Store, version: str) -> Manifest:
    """Return the manifest of a version that somebody typed; raises UnknownVersion."""
    if not re.fullmatch(VERSION_NAME, version):  # it becomes part of a key and of a header
        raise UnknownVersion(version)
    return Registry(store).manifest(version)


def make_version_files(
    open_store: Callable[[], Store],
    *,
    workspace: Callable[[Store], Workspace],
    archives: Archives,
    files: params.Depends,
    texts: params.Depends,
    routes: type[APIRoute],
) -> APIRouter:
    """Make the addresses of a version's archive, and of what people read about it, both guarded."""
    pages = APIRouter(include_in_schema=False, route_class=routes)

    @pages.head("/download/{version}", dependencies=[files])
    @pages.get("/download/{version}", dependencies=[files])
    def download(version: str) -> StreamingResponse:
        store = open_store()
        files = checked_manifest(store, version).files
        answer = archives.answer(workspace(store), version, files)
        answer.headers.update(HEADERS)
        return answer

    @pages.head("/report/{version}", dependencies=[texts])
    @pages.get("/report/{version}", dependencies=[texts])
    def report(version: str) -> HTMLResponse:
        store = open_store()
        page = told_report_of(store, version, checked_manifest(store, version))
        return HTMLResponse(page, headers=REPORT_HEADERS)

    @pages.head("/card/{version}")
    @pages.get("/card/{version}")
    def card(version: str) -> HTMLResponse:
        store = open_store()
        entry = checked_manifest(store, version).records.get("card.html")
        if entry is None:
            raise RegistryError(f"version {version!r} has no card: an earlier techner made it")
        return HTMLResponse(load_bytes(store, entry), headers=REPORT_HEADERS)

    return pages
