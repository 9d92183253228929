"""`admit`: examine one batch and set its rows apart."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from techner.core.errors import BatchError, IntegrityError, ObjectExists
from techner.core.examples import Span
from techner.core.manifest import BatchRef, Manifest
from techner.core.night import Plan, QualityReport
from techner.core.scheme import label_scheme
from techner.corpus.reference import load_reference
from techner.documents import dump
from techner.formats import Row, write_examples
from techner.registry.versions import read_manifest
from techner.stages.assemble import recorded
from techner.stages.deliveries import read_delivery
from techner.stages.inbox import admission_digest, admission_folder, read_report
from techner.stages.run import Run

if TYPE_CHECKING:
    from techner.reports import Excerpt


def admit(run: Run, batch_digest: str) -> QualityReport:
    """Examine a planned batch once and for ever; a second call returns the report that was written."""
    plan = run.read("plan.json", Plan)
    batch = next((ref for ref in plan.batches if ref.digest == batch_digest), None)
    if batch is None:
        raise BatchError(f"{batch_digest} is not in the plan of run {run.id!r}")
    manifest = read_manifest(run.store, plan.production)
    name = admission_digest(batch, plan.policies, manifest)
    return read_report(run.store, batch, name) or _examine(run, plan, batch, manifest, name)


def _examine(run: Run, plan: Plan, batch: BatchRef, manifest: Manifest, name: str) -> QualityReport:
    from techner.quality.examine import examine
    from techner.quality.scan import Admission
    from techner.reports import batch_report, shown_rows
    from techner.stages.second import second_reader
    from techner.uptraining.pipeline import cuts_at_space, load_pipeline, tokens

    delivery = read_delivery(run.store, batch)
    remembered = recorded(run, manifest, "memory.jsonl")
    history = Counter(span.label for example in remembered for span in example.spans)
    with run.model(manifest.files) as folder:
        nlp = load_pipeline(folder)
        admission = Admission(
            scheme=label_scheme(manifest.pretrained_labels, plan.policies),
            policy=plan.policies.quality,
            frozen_texts=load_reference(run.store, plan.reference).scoring_texts,
            tokenize=lambda text: tokens(nlp, text),
            cuts_at_space=cuts_at_space(nlp),
            digest=name,
            metadata=delivery.metadata,
            second=second_reader(nlp),
        )
        examined = examine(delivery.data, batch, admission, history=history)
    where = admission_folder(batch, name)
    excerpts = _excerpts(examined.rows(), shown_rows(examined.report))
    # For people: these two say what production remembers, so that another night may write them anew.
    run.store.put(f"{where}/report.html", batch_report(examined.report, excerpts, history=history).encode())
    run.store.put(f"{where}/expectations.json", json.dumps(examined.results, indent=1).encode())
    # The report goes last: an examination without one did not happen.
    for path, part in {
        "examples.jsonl": write_examples(examined.accepted),
        "quarantine.jsonl": b"".join(examined.quarantine),
        "report.json": dump(examined.report),
    }.items():
        _create(run, f"{where}/{path}", part)
    return examined.report


def _excerpts(rows: Iterable[Row], shown: frozenset[int]) -> "dict[int, Excerpt]":
    """Return the rows that a page shows, as far as there is a text; labels may be anything there."""
    from techner.quality.found import writable
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
        if run.store.get(key) != data:  # a killed run may have left this one, but only with the same bytes
            raise IntegrityError(f"{key} holds other bytes than this examination gives") from error
