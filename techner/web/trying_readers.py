"""Which models read a sentence that is tried, and what each found otherwise than the one before."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from techner.core.examples import Span
from techner.core.manifest import FileEntry
from techner.core.run_documents import Candidate
from techner.registry import Registry
from techner.registry.eviction import evict
from techner.registry.layout import lay_out
from techner.registry.leases import Lease, model_name
from techner.registry.workspace import Workspace
from techner.runs.documents import RunDocuments
from techner.runs.judgements import find_judged
from techner.store.read_once import ReadOnceStore
from techner.web.reading import Reading
from techner.web.trying_apart import ReadingLimits, limits_for, read_apart

Read = Callable[[Sequence[Path], str, ReadingLimits], list[tuple[Span, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A model in one of the rows."""

    title: str
    version: str | None
    """None for a candidate that is no version, or not yet."""
    files: tuple[FileEntry, ...]
    """Empty if it is not in the store any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of the text: an entity, or what is between two."""

    text: str
    label: str = ""
    is_new: bool = False
    """Whether the row above has no such entity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    reader: Reader
    pieces: tuple[Piece, ...]
    lost: tuple[Piece, ...]
    """Entities of the row above that this model does not find."""


def readers_of(here: Reading, run_id: str) -> list[Reader]:
    """Return the pretrained model, production, and the candidate of a run, where one is named.

    Raises NotInitialised, and RegistryError for a run that was not judged.
    """
    registry = Registry(here.store)
    live, manifest = registry.production()
    origin = manifest.origin or live
    found = [
        Reader(title="Pretrained", version=origin, files=registry.manifest(origin).files),
        Reader(title="Production", version=live, files=manifest.files),
    ]
    return [*found, _candidate(here, run_id)] if run_id else found


def _candidate(here: Reading, run_id: str) -> Reader:
    store = ReadOnceStore(inner=here.store)  # the documents of a run are bound to each other
    judgement, _ = find_judged(store, run_id, skip=here.is_of_another(run_id))
    if judgement is None:
        files = RunDocuments(store=store, id=run_id).read(Candidate).files
        return Reader(title="Candidate", version=None, files=files)
    if judgement.version is None:
        return Reader(title="Candidate", version=None, files=())
    files = Registry(store).manifest(judgement.version).files
    return Reader(title="Candidate", version=judgement.version, files=files)


def read_all(
    readers: Sequence[Reader], text: str, workspace: Workspace, *, read: Read = read_apart
) -> list[ReadRow]:
    """Let each model that is there read the text, each set of files once."""
    present = [reader for reader in readers if reader.files]
    with ExitStack() as stack:
        stack.callback(evict, workspace.cache, workspace.eviction)  # after the leases have ended
        folders: dict[tuple[FileEntry, ...], Path] = {}
        for reader in present:
            if reader.files not in folders:
                folders[reader.files] = _folder(reader, workspace, stack)
        found = read([*folders.values()], text, limits_for([*folders.values()]))
    spans = dict(zip(folders, found, strict=True))
    rows: list[ReadRow] = []
    above: tuple[Span, ...] | None = None
    for reader in present:
        rows.append(_row(reader, text, spans[reader.files], above))
        above = spans[reader.files]
    return rows


def _folder(reader: Reader, workspace: Workspace, stack: ExitStack) -> Path:
    if reader.version is None:  # its files are cached, but it has no name by which others would find it
        return stack.enter_context(workspace.model(reader.files))
    stack.enter_context(Lease(workspace.cache, [model_name(reader.version)]))
    return lay_out(workspace.store, reader.version, reader.files, cache=workspace.cache)


def _row(reader: Reader, text: str, spans: tuple[Span, ...], above: tuple[Span, ...] | None) -> ReadRow:
    before = spans if above is None else above
    return ReadRow(
        reader=reader,
        pieces=tuple(_pieces(text, spans, frozenset(before))),
        lost=tuple(
            Piece(text=text[span.start : span.end], label=span.label) for span in before if span not in spans
        ),
    )


def _pieces(text: str, spans: tuple[Span, ...], before: frozenset[Span]) -> Iterable[Piece]:
    end = 0
    for span in spans:
        if span.start > end:
            yield Piece(text=text[end : span.start])
        yield Piece(text=text[span.start : span.end], label=span.label, is_new=span not in before)
        end = span.end
    if end < len(text):
        yield Piece(text=text[end:])
