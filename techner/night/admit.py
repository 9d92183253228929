"""`admit`: examine one batch and set its faulty rows aside."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from techner.core.codes import CODES
from techner.core.delivery import BatchRef, QualityReport
from techner.core.errors import (
    BatchError,
    BatchGone,
    IntegrityError,
    ObjectExists,
    ObjectMissing,
    Untrusted,
)
from techner.core.examples import Span
from techner.core.manifest import Manifest
from techner.core.run_documents import Gone, Plan
from techner.core.scheme import label_scheme
from techner.corpus.reference import load_reference
from techner.documents import dump, parse
from techner.formats import Row, write_examples
from techner.inbox.admissions import admission_digest, admission_folder, read_report
from techner.inbox.deliveries import read_delivery
from techner.night import telling
from techner.night.inputs import recorded
from techner.night.limits import task
from techner.runs.gone import GONE, say_gone, say_there
from techner.runs.run import Run

if TYPE_CHECKING:
    from techner.quality.examine import Examined
    from techner.reports import Excerpt

_OF_PRODUCTION = {code for code, known in CODES.items() if known.of_production}
ROWS = ("examples.jsonl", "quarantine.jsonl")
log = logging.getLogger("techner.nightly")


@task(reads=(Plan,), scratch=(GONE,), keeps=("batches/",))
def admit(run: Run, batch_digest: str) -> QualityReport:
    """Examine a planned batch once; later calls return the same report.

    If the examination in the store is incomplete or not trusted, the batch is examined again. Raises
    BatchGone, and writes it down for `assemble`, if the batch was overwritten or removed before that.
    """
    plan = run.read(Plan)
    batch = next((ref for ref in plan.batches if ref.digest == batch_digest), None)
    if batch is None:
        raise BatchError(f"{batch_digest} is not in the plan of run {run.id!r}")
    manifest = run.registry.manifest(plan.production)
    name = admission_digest(batch, plan.policies, manifest)
    try:
        report = _examined(run, batch, name) or _examine(run, plan, batch, manifest, name)
    except BatchGone as found:
        log.warning("%s", telling.left_out_as_gone([Gone(batch=batch, why=found.why)]))
        say_gone(run, batch, found.why)
        raise
    say_there(run, batch)
    for line in telling.admitted(report):
        log.info("%s", line)
    return report


def _examined(run: Run, batch: BatchRef, name: str) -> QualityReport | None:
    try:
        for part in ROWS:
            run.store.get(f"{admission_folder(batch, name)}/{part}")
    except ObjectMissing:
        return None
    except Untrusted as error:
        log.warning("%s; the batch is examined again", error)
        return None
    return read_report(run.store, batch, name)


def _examine(run: Run, plan: Plan, batch: BatchRef, manifest: Manifest, name: str) -> QualityReport:
    from techner.night.second_reader import second_reader
    from techner.quality.examine import examine
    from techner.quality.scan import Rulebook
    from techner.uptraining.pipeline import cuts_at_space, load_pipeline, tokens

    delivery = read_delivery(run.store, batch)
    remembered = recorded(run, manifest, "memory.jsonl")
    history = Counter(span.label for example in remembered for span in example.spans)
    with run.workspace.model(manifest.files) as folder:
        nlp = load_pipeline(folder)
        scheme = label_scheme(manifest.pretrained_labels, plan.policies)
        if plan.policies.training.strategy == "extend":
            scheme = replace(scheme, unlearnt=frozenset(manifest.pretrained_labels))
        rulebook = Rulebook(
            scheme=scheme,
            policy=plan.policies.quality,
            frozen_texts=load_reference(run.store, plan.reference).leak_keys,
            tokenize=lambda text: tokens(nlp, text),
            cuts_at_space=cuts_at_space(nlp),
            digest=name,
            metadata=delivery.metadata,
            second=second_reader(nlp),
        )
        examined = examine(delivery.data, batch, rulebook, history=history)
    where = admission_folder(batch, name)
    # For people: both compare the batch with production, so another night may overwrite them.
    run.store.put(f"{where}/report.html", _page(examined, examined.report, history))
    run.store.put(f"{where}/expectations.json", json.dumps(examined.results, indent=1).encode())
    _create(run, f"{where}/examples.jsonl", write_examples(examined.accepted))
    aside = BytesIO()  # joining a list of the rows takes twice the memory
    aside.writelines(examined.quarantine)
    _create(run, f"{where}/quarantine.jsonl", aside.getvalue())
    # The report goes last: without one, the examination does not exist.
    report = _first(run, f"{where}/report.json", examined.report)
    if report != examined.report:
        run.store.put(f"{where}/report.html", _page(examined, report, history))
    return report


def _first(run: Run, key: str, report: QualityReport) -> QualityReport:
    """Write the report; if a night that runs at the same time has written one, return that one instead.

    The two nights may have asked different production models. Comparisons with production never decide, so
    the first report is as good as this one; everything else must be the same.
    """
    try:
        run.store.create(key, dump(report))
    except ObjectExists as error:
        try:
            first = parse(QualityReport, run.store.get(key), where=key)
        except Untrusted:
            run.store.put(key, dump(report))
            return report
        if _of_the_batch(first) != _of_the_batch(report):
            raise IntegrityError(f"{key} differs from this examination; find out what wrote it") from error
        return first
    return report


def _of_the_batch(report: QualityReport) -> QualityReport:
    """Return the report without its comparisons with production."""
    return replace(
        report,
        warnings=tuple(found for found in report.warnings if found.code not in _OF_PRODUCTION),
        expectations=tuple(one for one in report.expectations if one.code not in _OF_PRODUCTION),
    )


def _page(examined: "Examined", report: QualityReport, history: Mapping[str, int]) -> bytes:
    from techner.reports import batch_report, shown_rows

    excerpts = _excerpts(examined.rows(), shown_rows(report))
    return batch_report(report, excerpts, history=history).encode()


def _excerpts(rows: Iterable[Row], shown: frozenset[int]) -> "dict[int, Excerpt]":
    """Return the rows that a page shows, with text and spans as far as they can be read."""
    from techner.quality.fault import writable
    from techner.reports import Excerpt

    found: dict[int, Excerpt] = {}
    for row in rows if shown else ():
        if len(found) == len(shown):
            break
        if row.number in shown:
            spans = []
            for entity in row.entities if isinstance(row.entities, list) else ():
                match entity:
                    case [start, end, label] if type(start) is int and type(end) is int:
                        spans.append(Span(start, end, writable(str(label))))
            text = row.text if isinstance(row.text, str) else row.raw.decode("utf-8", "backslashreplace")
            found[row.number] = Excerpt(text=text, spans=tuple(spans))
    return found


def _create(run: Run, key: str, data: bytes) -> None:
    try:
        run.store.create(key, data)
    except ObjectExists as error:
        try:
            found = run.store.get(key)
        except Untrusted:
            run.store.put(key, data)
            return
        if found != data:  # a killed run may have left this one, but only with the same bytes
            raise IntegrityError(f"{key} differs from this examination; find out what wrote it") from error
