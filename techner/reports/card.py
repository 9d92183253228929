"""Model cards (Mitchell et al. 2019), in Markdown and HTML: what a version is for, and its gaps."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from techner.core.manifest import Manifest
from techner.core.verdict import CheckState
from techner.registry.blobs import save_bytes
from techner.reports.render import environment
from techner.store import Store

FEW_SPANS = 30
"""With fewer gold spans, F1 of a label says little: one span is worth more than three points of recall."""
SHOWN_BATCHES = 50
"""A card lists the newest batches; with all of them, cards would grow with every night."""
_INTENDED = "named entities of these labels, in texts of the batches' domain and of the base model's."
_UNFIT = "decisions about people; texts in other domains or languages, which were not measured."


def cards(manifest: Manifest, counts: Mapping[str, int], *, decision: str = "") -> dict[str, str]:
    """Return both forms of a version's card by file name; `counts` counts the examples of its night.

    `decision` is what a person decided where the gate asked.
    """
    facts: dict[str, Any] = {
        "manifest": manifest,
        "counts": counts,
        "decision": decision,
        "intended": _INTENDED,
        "unfit": _UNFIT,
        "gaps": tuple(gaps(manifest)),
        "lineage": _lineage(manifest),
        "batches": manifest.lineage.batches[-SHOWN_BATCHES:],
    }
    return {name: environment().get_template(name).render(facts) for name in ("card.md", "card.html")}


def gaps(manifest: Manifest) -> Iterator[str]:
    """Yield what was not measured, or measured poorly."""
    scored = {score.label for score in manifest.scores}
    unscored = [label for label in (*manifest.pretrained_labels, *manifest.new_labels) if label not in scored]
    if unscored:
        yield f"never measured: {', '.join(unscored)}"
    few = [f"{score.label} ({score.support})" for score in manifest.scores if score.support < FEW_SPANS]
    if few:
        yield f"measured on fewer than {FEW_SPANS} gold spans, so imprecisely: {', '.join(few)}"
    lower = [score.label for score in manifest.scores if score.high is not None and score.high < 0]
    if lower:
        yield f"significantly lower than before, within what the checks allow: {', '.join(lower)}"
    for check in manifest.verdict.checks if manifest.verdict else ():
        if check.state is CheckState.INSUFFICIENT:
            yield f"too little evidence: {check.name} against {check.against}"
    yield "texts in domains other than those of the batches and the reference set were not measured"


def _lineage(manifest: Manifest) -> dict[str, str]:
    lineage = manifest.lineage
    facts = {
        "base": manifest.base,
        "parent": manifest.parent,
        "origin": manifest.origin,
        "strategy": lineage.strategy,
        "seed": lineage.seed,
        "corpus": lineage.corpus,
        "settings": lineage.policies,
        "code": lineage.code,
    }
    return {name: str(value) for name, value in (facts | lineage.libraries).items() if value is not None}


def with_cards(
    store: Store, manifest: Manifest, counts: Mapping[str, int], *, decision: str = ""
) -> Manifest:
    """Return the manifest with both forms of its card among the records."""
    made = cards(manifest, counts, decision=decision)
    saved = {name: save_bytes(store, text.encode(), path=name) for name, text in made.items()}
    return replace(manifest, records=manifest.records | saved)
