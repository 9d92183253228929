"""The outputs of a frozen component for texts: a transformer or tok2vec to which a second `ner` listens."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

KEPT_BYTES = 1 << 30
"""Outputs that are kept in memory; for what does not fit, the component runs again."""


class FrozenOutputs:
    """Gives texts the output of the component `upstream`; nothing where that is None.

    A frozen component always gives the same output for a text, so it is kept as far as memory allows.
    """

    def __init__(self, nlp: Language, upstream: str | None, *, kept_bytes: int = KEPT_BYTES) -> None:
        self.component: Any = nlp.get_pipe(upstream) if upstream else None
        is_transformer = upstream and nlp.get_pipe_meta(upstream).factory == "transformer"
        self.place: _Place = _TransformerData() if is_transformer else _Tensor()
        self.room = kept_bytes
        self.kept: dict[str, Any] = {}
        self.reads: list[list[str]] = []
        """The batches of texts whose outputs are kept: the last bits depend on what was read together."""

    @contextmanager
    def on(self, docs: Sequence[Doc]) -> Iterator[None]:
        """Give the texts their outputs for the time of the block."""
        if self.component is None:
            yield
            return
        unread = [doc for doc in docs if doc.text not in self.kept]
        for doc in self.component.pipe(unread):
            self._keep(doc)
        if any(doc.text in self.kept for doc in unread):
            self.reads.append([doc.text for doc in unread])
        read = set(map(id, unread))
        for doc in docs:
            if id(doc) not in read:
                self.place.set(doc, self.kept[doc.text])
        try:
            yield
        finally:
            for doc in docs:
                self.place.clear(doc)

    def read_again(self, reads: Sequence[Sequence[str]], make_doc: Callable[[str], Doc]) -> None:
        """Read what another process read, in the same batches, beginning where this one stands."""
        for texts in reads[len(self.reads) :]:
            with self.on([make_doc(text) for text in texts]):
                pass

    def _keep(self, doc: Doc) -> None:
        output = self.place.get(doc)
        size = self.place.bytes_of(output)
        if size <= self.room and doc.text not in self.kept:
            self.kept[doc.text] = output
            self.room -= size


class _TransformerData:
    """Where spacy-transformers puts its output."""

    def get(self, doc: Doc) -> Any:
        return doc._.trf_data

    def set(self, doc: Doc, output: Any) -> None:
        doc._.trf_data = output

    def clear(self, doc: Doc) -> None:
        doc._.trf_data = None

    def bytes_of(self, output: Any) -> int:
        return sum(map(_bytes, output.tensors))


class _Tensor:
    """Where spaCy's own tok2vec puts its output."""

    def get(self, doc: Doc) -> Any:
        return doc.tensor

    def set(self, doc: Doc, output: Any) -> None:
        doc.tensor = output

    def clear(self, doc: Doc) -> None:
        doc.tensor = np.zeros((0,), dtype="float32")

    def bytes_of(self, output: Any) -> int:
        return _bytes(output)


_Place = _TransformerData | _Tensor


def _bytes(output: Any) -> int:
    return sum(map(_bytes, output)) if isinstance(output, list) else int(output.nbytes)
