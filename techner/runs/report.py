"""The page that explains a verdict, with what a person decided: that came after the page was made."""

from collections.abc import Callable

from techner.core.errors import RegistryError
from techner.core.manifest import Manifest
from techner.core.records import Judgement
from techner.core.verdict import Outcome
from techner.registry.blobs import load_bytes
from techner.runs.judgements import find_judged, judgements
from techner.store import Store, Stored


def told_report(store: Store, run_id: str, *, skip: Callable[[Stored], bool] | None = None) -> bytes:
    """Return the report of a run; raises RegistryError if there is none. `skip` is that of `find_judged`."""
    judgement, entry = find_judged(store, run_id, skip=skip)
    return _told(load_bytes(store, entry), judgement)


def told_report_of(store: Store, version: str, manifest: Manifest) -> bytes:
    """Return the report of a version; raises RegistryError if there is none."""
    entry = manifest.records.get("report.html")
    if entry is None:
        raise RegistryError(f"version {version!r} has no report: it was made without a judgement")
    page = load_bytes(store, entry)
    if manifest.verdict is None or manifest.verdict.outcome is not Outcome.ASK:
        return page
    told = (record for _, record in judgements(store).believed() if record and record.version == version)
    return _told(page, next(told, None))


def _told(page: bytes, judgement: Judgement | None) -> bytes:
    if judgement is None or judgement.verdict.outcome is not Outcome.ASK:
        return page
    from techner.reports import with_decision  # needs an extra, which a base install has not

    return with_decision(page, f"{judgement.outcome} {judgement.reason}")
