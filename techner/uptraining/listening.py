"""What the second `ner` listens to in the pretrained pipeline: its transformer, or a shared tok2vec.

Both are frozen, and run once a text for all who listen. All of it is made of layers that spaCy, thinc and
spacy-transformers register, so no code of techner is needed to load it (ADR 31, ADR 57).
"""

import copy
from typing import Any

from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.pipeline.tok2vec import Tok2VecListener
from thinc.api import Model

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
    can_join = shared and _width_of(nlp, shared) and _embed_in(_tok2vec_of(nlp, name, shared))
    return shared if can_join else None


def _width_of(nlp: Language, shared: str) -> int | None:
    width: int | None = nlp.get_pipe(shared).model.maybe_get_dim("nO")  # type: ignore[attr-defined]
    return width


def upstream_of(nlp: Language, name: str) -> str | None:
    """Return the component to which this `ner` listens, or None."""
    config = nlp.config["components"][name]["model"]
    for architecture, factory in ((LISTENER, "transformer"), (TOK2VEC_LISTENER, "tok2vec")):
        if listener := _listener_in(config, architecture):
            return _of_factory(nlp, factory, listener["upstream"])
    return None


def listener_of(nlp: Language, name: str) -> Config | None:
    """Return the configuration with which this `ner` listens to a shared transformer, or None."""
    return _listener_in(nlp.config["components"][name]["model"], LISTENER)


def _listener_in(config: Any, architecture: str) -> Config | None:
    if not isinstance(config, dict):
        return None
    if config.get("@architectures") == architecture:
        return copy.deepcopy(dict(config))
    return next((found for part in config.values() if (found := _listener_in(part, architecture))), None)


def _of_factory(nlp: Language, factory: str, named: str) -> str | None:
    pipes = (pipe for pipe in nlp.pipe_names if named in ("*", pipe))
    return next((pipe for pipe in pipes if nlp.get_pipe_meta(pipe).factory == factory), None)


def _tok2vec_of(nlp: Language, name: str, shared: str) -> Config:
    """Return the configuration of what the `ner` reads with: its own, or the shared one's."""
    components = nlp.config["components"]
    own: Config = components[name]["model"].get("tok2vec", {})
    return components[shared]["model"] if own.get("@architectures") == TOK2VEC_LISTENER else own


def _embed_in(tok2vec: Config) -> Config | None:
    """Return the configuration of the layer that reads a token alone, if it is a part of its own."""
    embed = tok2vec.get("embed")
    return embed if isinstance(embed, dict) and "width" in embed else None


def with_listener(config: Config, nlp: Language, shared: str) -> Config:
    """Return the configuration of a `ner` that reads as this one does and listens to the shared tok2vec.

    The tok2vec's output for a token joins what is read of it, below the encoder. Nothing changes if it
    listens already, or if its tok2vec is not made of two parts.
    """
    model = copy.deepcopy(dict(config["model"]))
    embed = _embed_in(model.get("tok2vec", {}))
    if embed is None or _listener_in(model, TOK2VEC_LISTENER) or _listener_in(model, LISTENER):
        return config
    listener = {
        "@architectures": TOK2VEC_LISTENER,
        "width": _width_of(nlp, shared),
        "upstream": shared,
    }
    joined = {"@layers": "concatenate.v1", "*": {"embed": embed, "listener": listener}}
    mix = {"@layers": "with_array.v1", "layer": {"@layers": "Linear.v1", "nO": embed["width"]}}
    model["tok2vec"]["embed"] = _chain(read=joined, mix=mix)
    return config | {"model": model}


def without_listener(config: Config) -> Config:
    """Return the configuration of a `ner` that reads as this one does and listens to no shared tok2vec."""
    model = copy.deepcopy(dict(config["model"]))
    if _listener_in(model, TOK2VEC_LISTENER):
        model["tok2vec"]["embed"] = model["tok2vec"]["embed"]["*"]["read"]["*"]["embed"]
    return config | {"model": model}


def mixing_layer(component: EntityRecognizer) -> Model[Any, Any] | None:
    """Return the layer that joins what a `ner` reads and a shared tok2vec's output, if it has one."""
    tok2vec = component.model.get_ref("tok2vec").layers[0]  # above it, the `ner` narrows what it reads
    if not tok2vec.has_ref("embed") or not any(map(_is_listener, tok2vec.walk())):
        return None
    _, mix = tok2vec.get_ref("embed").layers
    found: Model[Any, Any] = mix.layers[0]
    return found


def _is_listener(node: Model[Any, Any]) -> bool:
    return isinstance(node, Tok2VecListener)


def pass_only_what_is_read(mix: Model[Any, Any]) -> None:
    """Set the layer so that what is read passes as it is and the shared tok2vec's output does not."""
    width = mix.get_dim("nO")
    weights: Any = mix.ops.alloc2f(width, mix.get_dim("nI"))
    weights[range(width), range(width)] = 1.0
    mix.set_param("W", weights)
    mix.set_param("b", mix.ops.alloc1f(width))


def encoder_above(listener: Config, *, layers: int) -> Config:
    """Return the tok2vec of a `ner` that listens as this one does, but does not change the transformer.

    The transformer's output for a token and the token's surface are mixed, and read by an encoder of `layers`
    layers.
    """
    return {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": _chain(read=_read(listener), mix=_per_token()),
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
    transformer = _chain(listen=listener | {"grad_factor": 0.0}, narrow=_per_token())
    return {"@layers": "concatenate.v1", "*": {"transformer": transformer, "surface": surface}}


def _chain(**layers: Config) -> Config:
    return {"@layers": "chain.v1", "*": layers}


def _per_token() -> Config:
    maxout = {"@layers": "Maxout.v1", "nO": WIDTH, "nP": PIECES, "normalize": True, "dropout": 0.0}
    return {"@layers": "with_array.v1", "layer": maxout}
