"""Records that an older techner left unsigned where there is a key: a person signs them as they are."""

import json

from techner.core.records import Decision, Judgement
from techner.documents import parse
from techner.store import Store

LOGS = {"decisions/": Decision, "judgements/": Judgement}


def adopt(bare: Store, signing: Store) -> tuple[str, ...]:
    """Sign every decision and judgement without a signature; returns their keys.

    `bare` and `signing` are the same store, read without keys and written with the private one. A record
    whose signature does not count is left as it is: it was altered, and no older version wrote it. Raises
    SettingsError without the private key, IntegrityError for what is no such record.
    """
    signed = []
    for prefix, kind in LOGS.items():
        for entry in list(bare.list(prefix)):
            data = bare.get(entry.key)
            parse(kind, data, where=entry.key)
            if json.loads(data).get("signature") is None:
                signing.put(entry.key, data)
                signed.append(entry.key)
    return tuple(signed)
