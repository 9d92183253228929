"""What a `ner` reads of a token: with its own layer, by characters, and from a tok2vec that others share.

These readings are joined by one linear layer below the encoder. All of it is made of layers that spaCy and
thinc register, so no code of techner is needed to load it (ADR 57, ADR 58).
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.pipeline.tok2vec import Tok2VecListener
from thinc.api import Model

from techner.uptraining.listening import (
    LISTENER,
    TOK2VEC_LISTENER,
    Config,
    chain,
    embed_in,
    listener_in,
    width_of,
)

CHARACTERS: Config = {
    "@architectures": "spacy.CharacterEmbed.v2",
    "width": 64,
    "rows": 2000,
    "nM": 16,
    "nC": 8,
    "feature": "NORM",
    "include_static_vectors": False,
}
"""How characters are read: of each word the first four bytes and the last four, and the norm, which word
dropout hides."""


def with_readings(config: Config, nlp: Language, shared: str | None) -> Config:
    """Return the configuration of a `ner` that reads as this one does, by characters, and from `shared`.

    `shared` names a tok2vec; None: it reads from none. Nothing changes if what the `ner` reads with is not a
    part of its own, as above a transformer.
    """
    model = copy.deepcopy(dict(config["model"]))
    own = _own(model.get("tok2vec", {}))
    if own is None or listener_in(own, LISTENER):
        return config
    readings = {"embed": own}
    if shared and not listener_in(own, TOK2VEC_LISTENER):
        width = width_of(nlp, shared)
        readings["listener"] = {"@architectures": TOK2VEC_LISTENER, "width": width, "upstream": shared}
    if not str(own.get("@architectures", "")).startswith("spacy.CharacterEmbed"):
        readings["characters"] = copy.deepcopy(CHARACTERS)
    mix = {"@layers": "with_array.v1", "layer": {"@layers": "Linear.v1", "nO": own["width"]}}
    read = {"@layers": "concatenate.v1", "*": readings}
    model["tok2vec"]["embed"] = chain(read=read, mix=mix) if len(readings) > 1 else own
    return config | {"model": model}


def _own(tok2vec: Config) -> Config | None:
    """Return the configuration of what the `ner` reads with, without what was joined to it."""
    embed = tok2vec.get("embed")
    if isinstance(embed, dict):
        embed = embed.get("*", {}).get("read", {}).get("*", {}).get("embed", embed)
    return embed_in({"embed": embed})


@dataclass(frozen=True, slots=True)
class Readings:
    """The layers that a `ner` joins to its own, and the columns of each in the layer that joins them."""

    mix: Model[Any, Any] | None = None
    columns: dict[str, slice] = field(default_factory=dict)
    characters: Model[Any, Any] | None = None


def readings_of(component: EntityRecognizer) -> Readings:
    """Return what the `ner` joins to what it reads with its own layer; without a `mix` if nothing is."""
    tok2vec = component.model.get_ref("tok2vec").layers[0]  # above it, the `ner` narrows what it reads
    if not tok2vec.has_ref("embed"):
        return Readings()
    *read, last = tok2vec.get_ref("embed").layers
    if not read or not last.layers or last.layers[0].name != "linear":
        return Readings()
    mix = last.layers[0]
    at = mix.get_dim("nO")
    columns, characters = {"embed": slice(0, at)}, None
    for layer in read[0].layers:
        if isinstance(layer, Tok2VecListener):
            name, width = "listener", layer.get_dim("nO")
        elif any(node.name == "charembed" for node in layer.walk()):
            name, width, characters = "characters", CHARACTERS["width"], layer
        else:
            continue  # what it reads with its own layer
        columns[name] = slice(at, at + width)
        at += width
    return Readings(mix, columns, characters)


def mix_alike(heir: Readings, parent: Readings) -> None:
    """Set the heir's mixing layer so that the heir reads as its parent does.

    What its parent does not read does not pass at first.
    """
    if heir.mix is None:
        return
    width = heir.mix.get_dim("nO")
    weights: Any = heir.mix.ops.alloc2f(width, heir.mix.get_dim("nI"))
    bias: Any = heir.mix.ops.alloc1f(width)
    if parent.mix is None:
        weights[range(width), range(width)] = 1.0
    else:
        bias[:] = parent.mix.get_param("b")
        given: Any = parent.mix.get_param("W")
        for name in heir.columns.keys() & parent.columns.keys():
            weights[:, heir.columns[name]] = given[:, parent.columns[name]]
    heir.mix.set_param("W", weights)
    heir.mix.set_param("b", bias)
