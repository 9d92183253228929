"""The pretrained transformer, frozen: the second `ner` listens to it too, and it runs once a text.

All of it is made of layers that spaCy, thinc and spacy-transformers register (ADR 31).
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

LISTENER = "spacy-transformers.TransformerListener.v1"
WIDTH, PIECES = 96, 3
"""Width of the encoder above the transformer, and its pieces of a maxout."""
SURFACE = {"NORM": 5000, "PREFIX": 1000, "SUFFIX": 2500, "SHAPE": 2500}
"""What is read of a token beside the transformer, and rows of its table: the transformer may be uncased, and
its last layer was tuned for the pretrained labels."""
KEPT_BYTES = 1 << 30
"""Outputs of the transformer that are kept in memory; for what does not fit, it runs again."""


def listener_of(nlp: Language, name: str | None) -> dict[str, Any] | None:
    """Return the configuration with which this `ner` listens to a shared transformer, or None."""
    return _listener_in(nlp.config["components"][name]["model"]) if name else None


def _listener_in(config: Any) -> dict[str, Any] | None:
    if not isinstance(config, dict):
        return None
    if config.get("@architectures") == LISTENER:
        return copy.deepcopy(dict(config))
    return next((found for part in config.values() if (found := _listener_in(part))), None)


def encoder_above(listener: dict[str, Any], *, layers: int) -> dict[str, Any]:
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


def _read(listener: dict[str, Any]) -> dict[str, Any]:
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


def _chain(**layers: dict[str, Any]) -> dict[str, Any]:
    return {"@layers": "chain.v1", "*": layers}


def _per_token() -> dict[str, Any]:
    maxout = {"@layers": "Maxout.v1", "nO": WIDTH, "nP": PIECES, "normalize": True, "dropout": 0.0}
    return {"@layers": "with_array.v1", "layer": maxout}


class FrozenOutputs:
    """Gives texts the output of the transformer that a `ner` listens to; nothing where it listens to none.

    A frozen transformer always gives the same output for a text, so it is kept as far as memory allows.
    """

    def __init__(self, nlp: Language, name: str | None, *, kept_bytes: int = KEPT_BYTES) -> None:
        listener = listener_of(nlp, name)
        upstream = listener["upstream"] if listener else ""
        shared = (pipe for pipe in nlp.pipe_names if upstream in ("*", pipe) and _is_transformer(nlp, pipe))
        self.transformer: Any = next((nlp.get_pipe(pipe) for pipe in shared), None)
        self.room = kept_bytes
        self.kept: dict[str, Any] = {}
        self.reads: list[list[str]] = []
        """The batches of texts whose outputs are kept: the last bits depend on what was read together."""

    @contextmanager
    def on(self, docs: Sequence[Doc]) -> Iterator[None]:
        """Give the texts their outputs for the time of the block."""
        if self.transformer is None:
            yield
            return
        unread = [doc for doc in docs if doc.text not in self.kept]
        for doc in self.transformer.pipe(unread):
            self._keep(doc)
        if any(doc.text in self.kept for doc in unread):
            self.reads.append([doc.text for doc in unread])
        for doc in docs:
            if doc._.trf_data is None:
                doc._.trf_data = self.kept[doc.text]
        try:
            yield
        finally:
            for doc in docs:
                doc._.trf_data = None

    def read_again(self, reads: Sequence[Sequence[str]], make_doc: Callable[[str], Doc]) -> None:
        """Read what another process read, in the same batches, beginning where this one stands."""
        for texts in reads[len(self.reads) :]:
            with self.on([make_doc(text) for text in texts]):
                pass

    def _keep(self, doc: Doc) -> None:
        size = sum(_bytes(tensor) for tensor in doc._.trf_data.tensors)
        if size <= self.room and doc.text not in self.kept:
            self.kept[doc.text] = doc._.trf_data
            self.room -= size


def _bytes(output: Any) -> int:
    return sum(map(_bytes, output)) if isinstance(output, list) else int(output.nbytes)


def _is_transformer(nlp: Language, pipe: str) -> bool:
    return nlp.get_pipe_meta(pipe).factory == "transformer"
