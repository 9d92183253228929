"""What the second `ner` listens to in the pretrained pipeline: its transformer, or a shared tok2vec.

Both are frozen, and run once a text for all who listen. All of it is made of layers that spaCy, thinc and
spacy-transformers register, so no code of techner is needed to load it (ADR 31, ADR 57).
"""

import copy
from typing import Any

from spacy.language import Language

LISTENER = "spacy-transformers.TransformerListener.v1"
TOK2VEC_LISTENER = "spacy.Tok2VecListener.v1"
WIDTH, PIECES = 96, 3
"""Width of the encoder above the transformer, and its pieces of a maxout."""
SURFACE = {"NORM": 5000, "PREFIX": 1000, "SUFFIX": 2500, "SHAPE": 2500}
"""What is read of a token beside the transformer, and rows of its table: the transformer may be uncased, and
its last layer was tuned for the pretrained labels."""
Config = dict[str, Any]


def upstream(nlp: Language, name: str | None) -> str | None:
    """Return what a second `ner` beside the pretrained one of this name is to listen to, or None.

    That is the transformer to which the pretrained one listens, else the last tok2vec before it that others
    share.
    """
    if name is None:
        return None
    if listener := listener_of(nlp, name):
        return _of_factory(nlp, "transformer", listener["upstream"])
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    shared = next((pipe for pipe in reversed(before) if nlp.get_pipe_meta(pipe).factory == "tok2vec"), None)
    can_join = shared and width_of(nlp, shared) and embed_in(_tok2vec_of(nlp, name, shared))
    return shared if can_join else None


def width_of(nlp: Language, shared: str) -> int | None:
    """Return the width of a tok2vec's output; None where it does not say."""
    width: int | None = nlp.get_pipe(shared).model.maybe_get_dim("nO")  # type: ignore[attr-defined]
    return width


def upstream_of(nlp: Language, name: str) -> str | None:
    """Return the component to which this `ner` listens, or None."""
    config = nlp.config["components"][name]["model"]
    for architecture, factory in ((LISTENER, "transformer"), (TOK2VEC_LISTENER, "tok2vec")):
        if listener := listener_in(config, architecture):
            return _of_factory(nlp, factory, listener["upstream"])
    return None


def listener_of(nlp: Language, name: str) -> Config | None:
    """Return the configuration with which this `ner` listens to a shared transformer, or None."""
    return listener_in(nlp.config["components"][name]["model"], LISTENER)


def listener_in(config: Any, architecture: str) -> Config | None:
    """Return the first listener of this architecture in a configuration, or None."""
    if not isinstance(config, dict):
        return None
    if config.get("@architectures") == architecture:
        return copy.deepcopy(dict(config))
    return next((found for part in config.values() if (found := listener_in(part, architecture))), None)


def _of_factory(nlp: Language, factory: str, named: str) -> str | None:
    pipes = (pipe for pipe in nlp.pipe_names if named in ("*", pipe))
    return next((pipe for pipe in pipes if nlp.get_pipe_meta(pipe).factory == factory), None)


def _tok2vec_of(nlp: Language, name: str, shared: str) -> Config:
    """Return the configuration of what the `ner` reads with: its own, or the shared one's."""
    components = nlp.config["components"]
    own: Config = components[name]["model"].get("tok2vec", {})
    return components[shared]["model"] if own.get("@architectures") == TOK2VEC_LISTENER else own


def embed_in(tok2vec: Config) -> Config | None:
    """Return the configuration of the layer that reads a token alone, if it is a part of its own."""
    embed = tok2vec.get("embed")
    return embed if isinstance(embed, dict) and "width" in embed else None


def encoder_above(listener: Config, *, layers: int) -> Config:
    """Return the tok2vec of a `ner` that listens as this one does, but does not change the transformer.

    The transformer's output for a token and the token's surface are mixed, and read by an encoder of `layers`
    layers.
    """
    return {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": chain(read=_read(listener), mix=_per_token()),
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": WIDTH,
            "window_size": 1,
            "maxout_pieces": PIECES,
            "depth": layers,
        },
    }


def _read(listener: Config) -> Config:
    surface = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": WIDTH,
        "attrs": list(SURFACE),
        "rows": list(SURFACE.values()),
        "include_static_vectors": False,
    }
    # An empty text's output has no width; narrowing gives it that of the others, without which thinc cannot
    # join them.
    transformer = chain(listen=listener | {"grad_factor": 0.0}, narrow=_per_token())
    return {"@layers": "concatenate.v1", "*": {"transformer": transformer, "surface": surface}}


def chain(**layers: Config) -> Config:
    """Return the configuration of layers that run one after the other."""
    return {"@layers": "chain.v1", "*": layers}


def _per_token() -> Config:
    maxout = {"@layers": "Maxout.v1", "nO": WIDTH, "nP": PIECES, "normalize": True, "dropout": 0.0}
    return {"@layers": "with_array.v1", "layer": maxout}
