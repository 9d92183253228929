"""Whether one store is a copy of an earlier state of another one, and where it is not (ADR 45, 50)."""

from collections.abc import Iterable

from techner.core.errors import IntegrityError, ObjectMissing, RegistryError
from techner.operate.snapshot import LOGS
from techner.registry import Registry
from techner.registry.verify import Damage
from techner.store import Store


def require_apart(source: Store, target: Store) -> None:
    """Raise RegistryError if one store lies in the other."""
    places = [store.url.rstrip("/") + "/" for store in (source, target)]
    servers = {store.identity.removeprefix(store.url) for store in (source, target)}
    if len(servers) == 1 and (places[0].startswith(places[1]) or places[1].startswith(places[0])):
        raise RegistryError(f"{target.url} lies in {source.url}, or around it: give a place of its own")


def records_ahead(source: Store, target: Store) -> tuple[str, ...]:
    """Return the newest record of each log in the target, where it is missing from the source.

    Records that are missing below it are a gap: damage to the source, and no sign of another one.
    """
    newest: dict[str, str] = {}
    known: set[str] = set()
    for place in LOGS:
        held = list(target.list(place))  # first: another backup may be adding what is new in the source
        known |= {entry.key for entry in source.list(place)}
        for entry in held:
            newest.setdefault(entry.key.rpartition("/")[0], entry.key)
    return tuple(key for key in newest.values() if key not in known)


def require_earlier(source: Store, target: Store, ahead: Iterable[str]) -> None:
    """Raise RegistryError if a log of the target is ahead, or an alias there has another past."""
    for key in ahead:
        raise RegistryError(
            f"{target.url} holds {key}, and {source.url} does not: if that was lost there, copy this one "
            f"object back before anything moves the alias; else {target.url} is of another store or of a "
            "later state, and needs a place of its own. Nothing was changed"
        )
    for alias in Registry(target).aliases():
        for held in Registry(target).log(alias).stored():
            try:
                theirs = source.get(held.key)
            except (IntegrityError, ObjectMissing):  # named when the log is copied; an older one can tell too
                continue
            if theirs != held.data:
                raise RegistryError(
                    f"{target.url} holds another {held.key}: it is of another store, or of a later state of "
                    "this one; nothing there is overwritten. Give another place"
                )
            break


def told_ahead(key: str) -> Damage:
    """Say of a log that is ahead that it stays as it is."""
    detail = (
        "the copy holds newer records than the store, up to this one, and keeps them: put those back that "
        "the store lost, or begin a new backup if they are of another state"
    )
    place, _, what = key.rpartition("/")
    return Damage(where=place, what=what, detail=detail)
