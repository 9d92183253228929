"""`promote`: point an alias at an existing version, once that version was loaded and has answered."""

import re

from techner.core.errors import RegistryError
from techner.core.verdict import Outcome
from techner.operate.proof import prove_loads
from techner.registry import PRODUCTION, Registry
from techner.registry.names import ALIAS_NAME
from techner.registry.proof import Query, query_apart
from techner.runs.judgements import Word
from techner.runs.reservation import reserve
from techner.runs.run import Run


def promote(
    run: Run, word: Word, *, version: str, alias: str = PRODUCTION, query: Query = query_apart
) -> None:
    """Point the alias at `version`; the reason is kept, and stands for a verdict that asked a person.

    Raises RegistryError where the gate rejected the version, where it names it already, and where production
    would go back: what was learnt since must be held, which `roll_back` does.
    """
    if not word.why.strip():
        raise RegistryError("say why with --why: the reason is kept with the move")
    if not re.fullmatch(ALIAS_NAME, alias):
        raise RegistryError(
            f"{alias!r} is not an alias: use small letters, digits, dots and dashes, a letter first"
        )
    manifest = run.registry.manifest(version)
    if manifest.verdict and manifest.verdict.outcome is Outcome.REJECT:
        raise RegistryError(f"the gate rejected {version} ({manifest.verdict.reason}); it is not promoted")
    newest = run.registry.log(alias).newest()
    live = newest.record.version if newest else None
    if live == version:
        raise RegistryError(f"{alias} already names {version}")
    if alias == PRODUCTION and live and version in _before(run, live):
        raise RegistryError(
            f"{version} is what {live} was made from: `techner model rollback --to {version}` goes back, "
            "and holds the batches learnt since"
        )
    with reserve(run, manifest, version=version):
        prove_loads(run.workspace, manifest, query)
        Registry(run.store).move(
            version,
            expected=live,
            who=word.who,
            why=f"promoted: {word.why}",
            when=word.when,
            alias=alias,
        )


def _before(run: Run, version: str) -> set[str]:
    """Return all versions that `version` was made from; `gc` may have removed the oldest ones."""
    found: set[str] = set()
    parent = run.registry.manifest(version).parent
    while parent:
        found.add(parent)
        try:
            parent = run.registry.manifest(parent).parent
        except RegistryError:
            break
    return found
