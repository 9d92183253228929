"""`initialise`: the origin version and the reference set, once in the life of a store."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from techner.core.errors import RegistryError
from techner.core.examples import Example
from techner.core.manifest import Lineage, Manifest
from techner.corpus.reference import save_reference, split_reference
from techner.registry.aliases import alias_log, move_alias
from techner.registry.blobs import save_folder
from techner.registry.log import require_create_only
from techner.registry.versions import create_version
from techner.stages.cards import with_cards
from techner.stages.libraries import code_version, libraries
from techner.store import Store
from techner.uptraining.pipeline import NEW_NER, load_pipeline, predict, pretrained_labels


def initialise(
    store: Store,
    folder: Path,
    *,
    base: str,
    gold: Iterable[Example],
    silver_texts: Iterable[str],
    holdout: Iterable[Example],
    who: str,
    when: datetime,
) -> str:
    """Make the origin from the pipeline in `folder` and point `production` at it.

    `silver_texts` are labelled by the base model itself. Raises RegistryError where the store has an origin.
    """
    require_create_only(store)
    if alias_log(store).newest():
        raise RegistryError(
            f"{store.url} has a model already; `techner model show` shows it. Use another store"
        )
    nlp = load_pipeline(folder)
    labels = pretrained_labels(nlp)
    if NEW_NER in nlp.pipe_names:
        raise RegistryError(f"{base} is a model that techner made; start from the base model instead")
    texts = list(silver_texts)
    silver = [Example(text, ents) for text, ents in zip(texts, predict(nlp, texts), strict=True)]
    scheme = frozenset(labels)
    examples = [example.only(scheme) for example in (*gold, *silver)]
    reference = split_reference(examples, holdout=holdout, silver=len(silver), expect_entities=bool(labels))
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
    version = create_version(store, with_cards(store, manifest, {}))
    move_alias(store, version, expected=None, who=who, why=f"origin made from {base}", when=when)
    return version
