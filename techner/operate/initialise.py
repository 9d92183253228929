"""`init`: make the origin and the reference set, once per store."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from techner.core.errors import RegistryError
from techner.core.examples import Example
from techner.core.manifest import Lineage, Manifest
from techner.core.policy import Policies
from techner.corpus.narrowing import narrow
from techner.corpus.reference import save_reference, split_reference
from techner.quality.scope import with_scope
from techner.quality.scoring_sets import label_counts, require_new, require_pretrained
from techner.registry import Registry
from techner.registry.blobs import save_folder
from techner.registry.log import require_create_only
from techner.registry.provenance import code_version, libraries
from techner.reports.card import with_cards
from techner.store import Store
from techner.uptraining.pipeline import NEW_NER, load_pipeline, predict, pretrained_labels


def initialise(  # noqa: PLR0913 - one keyword for each input of a store
    store: Store,
    folder: Path,
    *,
    base: str,
    gold: Iterable[Example],
    silver_texts: Iterable[str],
    holdout: Iterable[Example],
    who: str,
    when: datetime,
    policies: Policies | None = None,
) -> str:
    """Make the origin from the pipeline in `folder`, point `production` at it, and return its version.

    The base model itself labels `silver_texts`. Raises RegistryError if the store has a model already or if
    techner made the base model, BatchError for gold of labels that the base model does not have and for a
    holdout without new labels, StoreError if the store cannot keep two writers apart.
    """
    require_create_only(store)
    if Registry(store).log().newest():
        raise RegistryError(
            f"{store.url} already has a model; `techner model show` shows it. Use another store"
        )
    nlp = load_pipeline(folder)
    labels = pretrained_labels(nlp)
    if NEW_NER in nlp.pipe_names:
        raise RegistryError(f"{base} is a model that techner made; start from the base model instead")
    gold, holdout, texts = list(gold), list(holdout), list(silver_texts)
    require_pretrained(gold, labels)
    if holdout:
        require_new(holdout, labels, policies or Policies())
    read = narrow(gold, labels, partial(predict, nlp))
    reference = split_reference(
        read.gold,
        silver=[Example(text, spans) for text, spans in zip(texts, predict(nlp, texts), strict=True)],
        holdout=_as_delivered(holdout),
        not_annotated=read.never,
        partly_annotated=read.partly,
        expect_entities=bool(labels),
    )
    manifest = Manifest(
        number=0,
        parent=None,
        origin=None,
        base=base,
        pretrained_labels=labels,
        new_labels=(),
        files=save_folder(store, folder),
        lineage=Lineage(
            reference=save_reference(store, reference), code=code_version(), libraries=libraries()
        ),
    )
    version = Registry(store).create(with_cards(store, manifest, {}))
    Registry(store).move(version, expected=None, who=who, why=f"origin made from {base}", when=when)
    return version


def _as_delivered(holdout: Sequence[Example]) -> list[Example]:
    """Give rows without a scope of their own the labels that occur in the holdout, as in a delivery."""
    scope = tuple(sorted(label for label, spans in label_counts(holdout).items() if spans))
    return [with_scope(example, scope) for example in holdout]
