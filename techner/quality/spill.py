"""Examples set aside on disk between two passes, so that memory does not grow with the batch."""

import marshal
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

from techner.core.examples import Example, Span

MAX_MEMORY_BYTES = 32 << 20
_BLOCK_ROWS = 1000
_SIZE_BYTES = 8


class Spilled(NamedTuple):
    """An example in plain tuples: cheaper to count over than an Example, into which `example` makes it."""

    number: int
    text: str
    spans: list[tuple[int, int, str]]
    scope: tuple[str, ...] | None

    def example(self) -> Example:
        return Example(self.text, tuple(Span(*span) for span in self.spans), self.scope)


class Spill:
    """Row numbers with their examples, in the order they came; read as often as needed."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115 - lives as long as this
        self._block: list[tuple[object, ...]] = []
        self._blocks = 0

    def add(self, number: int, example: Example) -> None:
        spans = [(span.start, span.end, span.label) for span in example.spans]
        self._block.append((number, example.text, spans, example.scope))
        if len(self._block) == _BLOCK_ROWS:
            self._write()

    def __iter__(self) -> Iterator[Spilled]:
        self._write()
        at = 0
        for _ in range(self._blocks):
            self._file.seek(at)  # another reader may have moved it
            size = int.from_bytes(self._file.read(_SIZE_BYTES), "big")
            block = marshal.loads(self._file.read(size))  # noqa: S302 - this process wrote it
            at += _SIZE_BYTES + size
            yield from map(Spilled._make, block)

    def _write(self) -> None:
        if self._block:
            # marshal is ten times as fast as JSON, and nothing but this process reads it.
            data = marshal.dumps(self._block)
            self._file.seek(0, 2)
            self._file.write(len(data).to_bytes(_SIZE_BYTES, "big") + data)
            self._block = []
            self._blocks += 1
