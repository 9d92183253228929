"""The pages of versions: all of them night by night, one by itself, and two compared."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from techner.core.delivery import BatchRef
from techner.core.errors import RegistryError
from techner.core.manifest import Manifest, Part
from techner.core.records import Generation
from techner.registry.diff import Difference, ScoreChange, difference
from techner.registry.lineage import learnt
from techner.registry.versions import version_number, went_back
from techner.reports.card import gaps
from techner.web.access import Visitor
from techner.web.chart import chart
from techner.web.pages import FORM_HEADERS, html, paged
from techner.web.reading import Reading
from techner.web.rows import Night, VersionRow
from techner.web.settings_change import changed_settings
from techner.web.versions import checked_manifest

SHOWN = 200
"""Batches that the page of a version lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A judged night, or a version that no night tells of, such as the origin."""

    version: str | None
    night: Night | None
    there: VersionRow | None
    """None if no version was made, or if it was collected."""


def model_rows(here: Reading) -> list[ModelRow]:
    """Return the judged nights, newest first, then the versions that none of them tells of."""
    nights = [night for night in here.nights if night.is_judged or night.version]
    rows = [
        ModelRow(version=night.version, night=night, there=here.versions.get(night.version or ""))
        for night in nights
    ]
    told = {night.version for night in nights}
    rest = [name for name in reversed(here.versions) if name not in told]
    return rows + [ModelRow(version=name, night=None, there=here.versions[name]) for name in rest]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """What the page of a version shows beside its manifest."""

    version: str
    manifest: Manifest
    moves: tuple[Generation, ...]
    """Those that made it production, newest first."""
    night: Night | None
    children: tuple[str, ...]
    is_live: bool
    goes_back: bool
    """Whether it was production, and is older than what is now: the way there is a rollback."""
    batches: tuple[BatchRef, ...]
    """The newest `SHOWN` batches that it has learnt, newest first."""
    learnt: frozenset[str]
    """Digests of all that it was the first to learn."""

    @property
    def gaps(self) -> tuple[str, ...]:
        return tuple(gaps(self.manifest))


def model_view(here: Reading, version: str) -> ModelView:
    """Read a version and what came of it; raises UnknownVersion."""
    manifest = checked_manifest(here.store, version)
    moves = tuple(move for move in here.moves if move.version == version)
    parent = here.versions.get(manifest.parent or "")
    before = parent.batches if parent else 0
    batches = learnt(here.store, manifest)
    own = batches[before:] if parent or manifest.parent is None else ()
    return ModelView(
        version=version,
        manifest=manifest,
        moves=moves,
        night=next((night for night in here.nights if night.version == version), None),
        children=tuple(name for name, row in here.versions.items() if row.parent == version),
        is_live=version == here.live,
        goes_back=bool(moves) and version_number(version) < version_number(here.live),
        batches=batches[::-1][:SHOWN],
        learnt=frozenset(batch.digest for batch in own),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A label's change, with the interval if the store has one of exactly this change."""

    score: ScoreChange
    low: float | None = None
    high: float | None = None


def compared(found: Difference, after: Manifest) -> tuple[Compared, ...]:
    """Add the intervals that the later version has: of its change from its parent, and from the origin.

    The origin was never judged: its F1 is in the later version.
    """
    bases = {Part.NEW: after.parent, Part.PRETRAINED: after.origin}
    known = {(score.part, score.label): score for score in after.scores}
    rows = []
    for score in found.scores:
        own = known.get((score.part, score.label))
        if own is None or bases[score.part] != found.before:
            rows.append(Compared(score=score))
            continue
        before = own.origin if score.part is Part.PRETRAINED else own.production
        rows.append(Compared(score=replace(score, before=before), low=own.low, high=own.high))
    return tuple(rows)


def make_model_pages(
    reading: Callable[[], Reading], visitor: Callable[..., Visitor], routes: type[APIRoute]
) -> APIRouter:
    """Make the pages of versions."""
    pages = APIRouter(include_in_schema=False, route_class=routes)

    @pages.head("/models")
    @pages.get("/models")
    def models(page: str = "1") -> HTMLResponse:
        here = reading()
        rows = paged(model_rows(here), page)
        drawn = chart([row.night for row in rows.rows if row.night], here.moves)
        backs = [move for move in here.moves if went_back(move)][:5]
        answer = html(
            "models.html",
            page=rows,
            chart=drawn,
            backs=backs,
            live=here.live,
            parent=here.production.parent,
            headers=FORM_HEADERS,
        )
        here.known.save(here.store)
        return answer

    @pages.head("/models/{version}")
    @pages.get("/models/{version}")
    def model(version: str, asks: Annotated[Visitor, Depends(visitor)]) -> HTMLResponse:
        here = reading()
        view = model_view(here, version)
        answer = html("model.html", view=view, store=here.store.url, live=here.live, asks=asks)
        here.known.save(here.store)
        return answer

    @pages.head("/compare")
    @pages.get("/compare")
    def compare(a: str = "", b: str = "") -> HTMLResponse:
        here = reading()
        store = here.store
        if not (a and b):
            raise RegistryError("choose two versions on the page of models")
        before, after = checked_manifest(store, a), checked_manifest(store, b)
        found = difference(store, (a, before), (b, after))
        return html(
            "compare.html",
            found=found,
            scores=compared(found, after),
            manifests=(before, after),
            settings=changed_settings(here, a, b),
        )

    return pages
