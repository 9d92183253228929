"""`doctor`: is the store sound, and are the sets large enough for the margins?"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from techner.core.errors import IntegrityError, ModelError, StoreError, StoreRefused
from techner.core.manifest import Manifest
from techner.core.policy import Policies
from techner.core.verdict import Outcome
from techner.corpus.reference import Reference, load_reference
from techner.evaluation.power import LastJudged, Reach, reaches
from techner.formats import read_examples
from techner.inbox.survey import Status, survey
from techner.operate.aspects import Aspect, left_behind, room
from techner.operate.rights import rights
from techner.operate.surroundings import clocks, longest_wait, same_libraries, store_room
from techner.operate.unscored_labels import scoring_spans, unscored_labels
from techner.registry import Registry
from techner.registry.blobs import load_bytes
from techner.registry.fetch import fetch
from techner.registry.log import require_create_only
from techner.registry.workspace import Workspace
from techner.runs.judgements import judgements
from techner.store import Store

CREATE_ONLY = "create-only writes"


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    aspects: tuple[Aspect, ...]
    reaches: tuple[Reach, ...]

    @property
    def is_well(self) -> bool:
        return all(aspect.is_well for aspect in self.aspects)

    @property
    def is_enough(self) -> bool:
        """Whether no set is too small for a margin that the gate insists on."""
        return all(reach.is_enough or not reach.must_reach for reach in self.reaches)


def diagnose_login(workspace: Workspace, policies: Policies, *, now: datetime, bare: Store) -> Diagnosis:
    """Diagnose, and say what this login may do in the store, which `bare` opens without any trust.

    Raises what `diagnose` raises, but for a login that may not read production.
    """
    try:
        found = diagnose(workspace, policies, now=now)
    except StoreRefused as error:
        refused = Aspect(what="production", detail=str(error), is_well=False)
        return Diagnosis(aspects=(refused, rights(bare, is_create_only=False)), reaches=())
    is_create_only = all(a.is_well for a in found.aspects if a.what == CREATE_ONLY)
    return replace(found, aspects=(*found.aspects, rights(bare, is_create_only=is_create_only)))


def diagnose(workspace: Workspace, policies: Policies, *, now: datetime) -> Diagnosis:
    """Examine the store and its sets without changing them.

    Raises StoreError if the store does not answer, and NotInitialised if it has no model.
    """
    version, manifest = Registry(workspace.store).production()
    aspects = [
        Aspect(what="store", detail=workspace.store.url),
        clocks(workspace.store, now),  # before what takes time
        _create_only(workspace),
        _production(workspace, version, manifest),
        same_libraries(manifest.lineage.libraries),
        _batches(workspace, policies, now),
        left_behind(workspace.store, now),
        room(workspace, manifest.size_bytes),
        *store_room(workspace.store, manifest.size_bytes),
    ]
    reference = load_reference(workspace.store, manifest.lineage.reference)
    holdout = _holdout_spans(workspace, manifest, reference, policies)
    least = policies.gate.min_support
    detail = f"{holdout} gold spans of new labels; under {least} the gate asks"
    aspects.append(_reference(workspace, manifest, reference, policies))
    aspects.append(Aspect(what="holdout", detail=detail, is_well=holdout >= least or not manifest.number))
    scoring = scoring_spans(reference, manifest.pretrained_labels, policies.training)
    found = reaches(scoring, holdout, _last_judged(workspace), policies.gate)
    return Diagnosis(aspects=tuple(aspects), reaches=tuple(found))


def _create_only(workspace: Workspace) -> Aspect:
    try:
        require_create_only(workspace.store)
    except StoreError as error:
        return Aspect(what=CREATE_ONLY, detail=str(error), is_well=False)
    return Aspect(what=CREATE_ONLY, detail="honoured")


def _production(workspace: Workspace, version: str, manifest: Manifest) -> Aspect:
    """Fetch every file and record of production, each verified by its digest."""
    try:
        fetch(workspace.store, manifest.files, cache=workspace.cache)
        for entry in manifest.records.values():
            load_bytes(workspace.store, entry)
    except IntegrityError as error:
        return Aspect(what="production", detail=str(error), is_well=False)
    return Aspect(what="production", detail=f"{version}, all {len(manifest.files)} files whole")


def _batches(workspace: Workspace, policies: Policies, now: datetime) -> Aspect:
    states = survey(workspace.store, policies, cache=workspace.cache)
    counts = Counter(str(state.status) for state in states)
    said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    due = sum(state.is_due for state in states)
    waits = counts[Status.HELD] + counts[Status.REJECTED]
    hint = "; `techner batch list` says what the others wait for" if waits else ""
    wait = longest_wait(workspace.store, states, now)
    return Aspect(what="batches", detail=f"{due} due ({said or 'none delivered'}){wait}{hint}")


def _reference(workspace: Workspace, manifest: Manifest, reference: Reference, policies: Policies) -> Aspect:
    """Name the pretrained labels that no gold guards."""
    try:
        unscored = unscored_labels(workspace, manifest, reference, policies)
    except (ModelError, IntegrityError) as error:
        return Aspect(what="reference set", detail=str(error), is_well=False)
    if not unscored:
        return Aspect(
            what="reference set", detail="scores every pretrained label that the origin finds in it"
        )
    named = ", ".join(f"{label} ({gold} gold, {found} found)" for label, (gold, found) in unscored.items())
    is_blend = policies.training.strategy == "blend"
    least = policies.gate.min_support
    asks = "the gate asks a person each night" if is_blend else "under `blend` the gate would always ask"
    detail = (
        f"a loss of these labels would not show, as hardly any text is annotated for them: {named}; {asks}. "
        f"Make a new store: `techner init` with at least {least} gold spans of each in the fifth that scores"
    )
    is_well = not is_blend and all(found < least for _, found in unscored.values())
    return Aspect(what="reference set", detail=detail, is_well=is_well)


def _holdout_spans(workspace: Workspace, manifest: Manifest, reference: Reference, policies: Policies) -> int:
    entry = manifest.records.get("holdout.jsonl")
    kept = read_examples(load_bytes(workspace.store, entry), where=entry.path) if entry else ()
    new = {*manifest.new_labels, *policies.quality.labels} - set(manifest.pretrained_labels)
    return sum(span.label in new for example in reference.holdout or kept for span in example.spans)


def _last_judged(workspace: Workspace) -> LastJudged:
    """Return the checks of the last judged run, and how many the gate has not promoted."""
    records = (record for _, record in judgements(workspace.store).believed() if record)
    last = next((record for record in records if record.verdict.checks), None)
    if last is None:
        return LastJudged()
    was_promoted = last.verdict.outcome is Outcome.PROMOTE
    return LastJudged(
        checks=last.verdict.checks,
        before=max(last.not_promoted - (not was_promoted), 0),  # older records do not count
    )
