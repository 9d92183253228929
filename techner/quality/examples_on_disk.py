"""Examples kept on disk between two passes: memory does not grow with the batch."""

import marshal
from collections.abc import Iterator
from itertools import starmap
from tempfile import SpooledTemporaryFile

from techner.core.examples import Example, Span

MAX_MEMORY_BYTES = 32 << 20
# So few that Python's cycle collector, which starts at 700 new containers, rarely runs: with blocks ten times
# as large it went through all objects of the libraries again and again, a quarter of the time of a batch.
_BLOCK_ROWS = 100
_SIZE_BYTES = 8

Spilled = tuple[int, str, list[tuple[int, int, str]], tuple[str, ...] | None]
"""Row number, text, spans and the row's own scope: cheaper than an Example, which `restored` makes of it."""


def restored(spilled: Spilled, scope: tuple[str, ...] | None) -> Example:
    """Return the example, with the batch's scope unless its row states one."""
    _, text, spans, own_scope = spilled
    return Example(text, tuple(starmap(Span, spans)), scope if own_scope is None else own_scope)


class Spill:
    """Row numbers with their examples, in the order added; may be read repeatedly."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115 - lives as long as this
        self._block: list[Spilled] = []
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
            yield from block

    def _write(self) -> None:
        if self._block:
            # marshal is ten times as fast as JSON, and nothing but this process reads it.
            data = marshal.dumps(self._block)
            self._file.seek(0, 2)
            self._file.write(len(data).to_bytes(_SIZE_BYTES, "big") + data)
            self._block = []
            self._blocks += 1
