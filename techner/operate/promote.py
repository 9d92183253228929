"""`promote`: point an alias at an existing version, after loading and querying it."""

import re
from collections.abc import Callable

from techner.core.errors import AliasConflict, RegistryError, UnknownVersion
from techner.core.verdict import Outcome
from techner.operate.proof import prove_loads
from techner.registry import PRODUCTION, Registry
from techner.registry.clean_process import Query, query_apart
from techner.registry.names import ALIAS_NAME
from techner.registry.versions import version_number
from techner.runs.judgements import Word
from techner.runs.reservation import reserve
from techner.runs.run import Run


def promote(
    run: Run,
    word: Word,
    *,
    version: str,
    alias: str = PRODUCTION,
    seen: str | None = None,
    query: Query = query_apart,
) -> None:
    """Point the alias at `version`; the reason is kept, and answers a verdict that asked a person.

    Raises RegistryError without a reason, if the gate rejected the version, if the alias names it already,
    and if production would go back: `roll_back` does that, and holds what was learnt since. Raises
    IntegrityError if the version does not load and answer, AliasConflict if another writer moves the alias,
    or has moved it from `seen`, where that is given.
    """
    if not word.why.strip():
        raise RegistryError("say why with --why: the reason is kept with the move")
    if not re.fullmatch(ALIAS_NAME, alias):
        raise RegistryError(
            f"{alias!r} is not an alias: use lower-case letters, digits, dots and dashes, a letter first"
        )
    manifest = run.registry.manifest(version)
    if manifest.verdict and manifest.verdict.outcome is Outcome.REJECT:
        raise RegistryError(f"the gate rejected {version} ({manifest.verdict.reason}); it is not promoted")
    newest = run.registry.log(alias).newest()
    live = newest.record.version if newest else None
    if seen not in (None, live):
        raise AliasConflict(alias, seen, live)
    if live == version:
        raise RegistryError(f"{alias} already names {version}")
    if alias == PRODUCTION and live and is_made_from(run.registry.parent_of, live, version):
        raise RegistryError(
            f"{live} was made from {version}: `techner model rollback --to {version}` goes back, "
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


def is_made_from(parent_of: Callable[[str], str | None], version: str, earlier: str) -> bool:
    """Whether `version` was made from `earlier`, also over others; False if `gc` removed one between."""
    found: str | None = version
    while found and version_number(found) > version_number(earlier):
        try:
            found = parent_of(found)
        except UnknownVersion:
            return False
    return found == earlier and version != earlier
