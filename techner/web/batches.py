"""The pages of deliveries: all of them by state, and one with what was found in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response, params
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.delivery import QualityReport
from techner.core.errors import RegistryError
from techner.core.records import Decision
from techner.core.scheme import label_scheme
from techner.documents import parse
from techner.inbox.admissions import admission_folder
from techner.inbox.correction import Correction, correction
from techner.inbox.deliveries import METADATA, Ignored
from techner.inbox.submit import write_metadata
from techner.reports.faults import FaultGroup, fault_groups
from techner.web.access import Visitor, texts_only_for
from techner.web.deliveries import (
    IGNORED,
    BatchRow,
    best_key,
    deliveries,
    rows_of,
    with_examinations,
)
from techner.web.inbox_look import look_into_inbox
from techner.web.pages import FORM_HEADERS, HEADERS, REPORT_HEADERS, html, paged
from techner.web.reading import Reading
from techner.web.rows import faults_left_out, warnings_left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """What the page of a batch shows."""

    row: BatchRow
    report: QualityReport | None
    faults: tuple[FaultGroup, ...]
    warnings: tuple[FaultGroup, ...]
    words: tuple[Decision | None, ...]
    """All decisions, newest first; None for one that is not trusted."""
    corrects: str | None
    """Name of the batch that it corrects, or its digest."""


def matching(rows: Sequence[BatchRow], state: str, query: str) -> list[BatchRow]:
    """Return the rows in a state whose name holds the query, or whose digest begins with it."""
    wanted = query.strip().casefold()
    return [
        row
        for row in rows
        if (not state or row.status == state)
        and (wanted in row.ref.name.casefold() or row.ref.digest.startswith(wanted))
    ]


def ignored_matching(ignored: Sequence[Ignored], query: str) -> list[Ignored]:
    return [one for one in ignored if query.strip().casefold() in one.name.casefold()]


def find_row(here: Reading, digest: str) -> BatchRow:
    """Return a batch in the inbox or in production; raises RegistryError for any other digest."""
    inbox = look_into_inbox(here)
    found = next((ref for ref in (*inbox.batches, *here.learnt) if ref.digest == digest), None)
    if found is None and inbox.later:
        raise here.unfinished()
    if found is None:
        raise RegistryError("there is no such batch; the page of batches lists what there is")
    return with_examinations(here, rows_of(here, [found]))[0]


def report_of_row(here: Reading, row: BatchRow) -> QualityReport | None:
    """Return the report that the row's counts are of."""
    if row.examination is None:
        return None
    key = best_key(here, row.ref)
    return parse(QualityReport, here.store.get(key), where=key)


def batch_view(here: Reading, digest: str) -> BatchView:
    """Read a delivery, what was found in it and what was decided about it; raises RegistryError."""
    row = find_row(here, digest)
    report = report_of_row(here, row)
    earlier = report.corrects if report else None
    names = {batch.digest: batch.name for batch in here.learnt}
    return BatchView(
        row=row,
        report=report,
        faults=fault_groups(report.issues, faults_left_out(report)) if report else (),
        warnings=fault_groups(report.warnings, warnings_left_out(report)) if report else (),
        words=tuple(here.decisions(here.decided.get(digest, ())).values()),
        corrects=names.get(earlier, earlier) if earlier else None,
    )


def corrected(here: Reading, digest: str) -> tuple[BatchRow, Correction]:
    """Make what `techner batch fix` makes; raises BatchError if nothing was set aside."""
    row = find_row(here, digest)
    report = report_of_row(here, row)
    if report is None:
        raise RegistryError("this batch was not examined yet; the next night will examine it")
    scheme = label_scheme(here.production.pretrained_labels, here.policies)
    return row, correction(here.store, report, scheme)


def attached(data: bytes, name: str) -> Response:
    """Answer with a file to save; its name is made harmless."""
    harmless = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in name)
    disposition = {"Content-Disposition": f'attachment; filename="{harmless.lstrip(".")}"'}
    return Response(data, media_type="application/octet-stream", headers=HEADERS | disposition)


def make_batch_pages(
    reading: Callable[[], Reading], visitor: Callable[..., Visitor], routes: type[APIRoute]
) -> APIRouter:
    """Make the pages of deliveries."""
    pages = APIRouter(include_in_schema=False, route_class=routes)

    @pages.head("/batches")
    @pages.get("/batches")
    def batches(
        asks: Annotated[Visitor, Depends(visitor)], state: str = "", q: str = "", page: str = "1"
    ) -> HTMLResponse:
        here = reading()
        found, ignored = deliveries(here), None
        if state == IGNORED:
            ignored = paged(ignored_matching(found.ignored, q), page)
        rows = paged(matching(found.rows, state, q), page)
        answer = html(
            "batches.html",
            counts=found.counts,
            total=len(found.rows),
            page=ignored or rows,
            rows=with_examinations(here, rows.rows),
            ignored=ignored,
            unread=found.later,
            state=state,
            query=q,
            texts=asks.may_read,
            headers=FORM_HEADERS,
        )
        here.known.save(here.store)
        return answer

    @pages.head("/batches/{digest}")
    @pages.get("/batches/{digest}")
    def batch(digest: str, asks: Annotated[Visitor, Depends(visitor)]) -> HTMLResponse:
        here = reading()
        answer = html("batch.html", view=batch_view(here, digest), texts=asks.may_read)
        here.known.save(here.store)
        return answer

    _add_files(pages, reading, texts_only_for(visitor))
    return pages


def _add_files(pages: APIRouter, reading: Callable[[], Reading], texts: params.Depends) -> None:
    @pages.head("/batches/{digest}/report", dependencies=[texts])
    @pages.get("/batches/{digest}/report", dependencies=[texts])
    def report(digest: str) -> HTMLResponse:
        here = reading()
        found = report_of_row(here, find_row(here, digest))
        if found is None:
            raise RegistryError("this batch was not examined yet; the next night will examine it")
        key = f"{admission_folder(found.batch, found.admission)}/report.html"
        return HTMLResponse(here.store.get(key), headers=REPORT_HEADERS)

    @pages.head("/batches/{digest}/fix", dependencies=[texts])
    @pages.get("/batches/{digest}/fix", dependencies=[texts])
    def fixed(digest: str) -> Response:
        row, made = corrected(reading(), digest)
        return attached(made.lines, f"{_stem(row)}-fixed.jsonl")

    @pages.head("/batches/{digest}/fix-metadata", dependencies=[texts])
    @pages.get("/batches/{digest}/fix-metadata", dependencies=[texts])
    def metadata(digest: str) -> Response:
        row, made = corrected(reading(), digest)
        if made.metadata is None:
            raise RegistryError("no metadata goes with this correction: no scope is known")
        return attached(write_metadata(made.metadata), f"{_stem(row)}-fixed.jsonl{METADATA}")


def _stem(row: BatchRow) -> str:
    return row.ref.name.rpartition("/")[2].rpartition(".")[0] or "batch"
