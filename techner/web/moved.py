"""Addresses of the time when there was one model: which of several they are about (ADR 47)."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from techner.core.errors import StillReading, TechnerError
from techner.registry.names import VERSION_NAME
from techner.registry.versions import manifest_key
from techner.web.reading import Reading
from techner.web.tab import is_known_run

OF_ONE_MODEL = frozenset(
    {"models", "compare", "batches", "runs", "run", "try", "start", "act", "report", "card", "download"}
)
"""First parts of the addresses of pages."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
IsThere = Callable[[Reading], bool]


@dataclass(frozen=True, slots=True)
class Owners:
    """The models that have what an address names."""

    has: tuple[str, ...]
    """Those that say so."""
    unknown: tuple[str, ...]
    """Models whose stores do not say so now."""
    unread: StillReading | None = None
    """What one of these says that will soon, as its documents are being read."""


def named_in(path: str, query: Mapping[str, str]) -> IsThere | None:
    """Return what tells whether a store has what an address names; None if it names no thing.

    `path` is as it was sent, percent signs included.
    """
    match [unquote(part) for part in path.split("/")]:
        case ["run", *run] if any(run):
            return partial(_has_run, run_id="/".join(run))
        case ["models" | "report" | "card" | "download", version] | ["act", "rollback" | "promote", version]:
            return partial(_has_versions, versions=(version,))
        case ["compare"] if "a" in query and "b" in query:
            return partial(_has_versions, versions=(query["a"], query["b"]))
        case ["batches", digest, *_] | ["act", "exclude" | "release", digest] if digest:
            return partial(_has_batch, digest=digest)
        case _:
            return None


def find(is_there: IsThere, models: Sequence[str], look_at: Callable[[str], Reading]) -> Owners:
    """Ask the stores of all models at once: one that hangs costs its own time alone."""

    def ask(model: str) -> bool | TechnerError:
        try:
            return is_there(look_at(model))
        except TechnerError as error:  # its own pages say what is wrong with it
            return error

    if not models:
        return Owners((), ())
    with ThreadPoolExecutor(len(models)) as readers:
        answers = dict(zip(models, readers.map(ask, models), strict=True))
    return Owners(
        tuple(model for model, answer in answers.items() if answer is True),
        tuple(model for model, answer in answers.items() if isinstance(answer, TechnerError)),
        next((answer for answer in answers.values() if isinstance(answer, StillReading)), None),
    )


def _has_run(here: Reading, *, run_id: str) -> bool:
    return is_known_run(here.store, run_id, skip=here.is_of_another(run_id))


def _has_versions(here: Reading, *, versions: Sequence[str]) -> bool:
    return all(
        re.fullmatch(VERSION_NAME, version) and any(here.store.list(manifest_key(version), limit=1))
        for version in versions
    )


def _has_batch(here: Reading, *, digest: str) -> bool:
    """Tell whether a batch was examined or decided on: other deliveries are not known by their digests."""
    return bool(_DIGEST.fullmatch(digest)) and any(
        any(here.store.list(f"{folder}/{digest}/", limit=1)) for folder in ("batches", "decisions")
    )
