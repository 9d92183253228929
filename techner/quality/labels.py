"""The label of the scheme that an unknown label was probably meant to be."""

import re
import unicodedata
from difflib import get_close_matches
from functools import lru_cache

from techner.core.scheme import LabelScheme

_IOB = re.compile(r"^[BIOLUSEM][-_](?=.)")
_SEPARATORS = re.compile(r"[\s_\-./]+")
# Letters of other scripts that look like Latin capitals (Unicode's confusables that are on keyboards).
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԌԛԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",  # noqa: RUF001
    "ABESIJKMHOPCTYXGQWABEZHIKMNOPTYX",
)

# Labels by which well-known corpora (CoNLL, WikiNER, OntoNotes, WNUT, GMB, MUC) mean much the same.
_RELATED = (
    "PERSON PER PERS PEOPLE HUMAN NAME",
    "ORG ORGANIZATION ORGANISATION COMPANY CORPORATION CORP GROUP INSTITUTION",
    "LOC LOCATION GPE GEO PLACE CITY COUNTRY STATE REGION",
    "FAC FACILITY BUILDING",
    "NORP NATIONALITY GROUP",
    "DATE TIME TIM DATETIME",
    "MONEY CURRENCY PRICE",
    "PERCENT PERCENTAGE",
    "CARDINAL NUMBER NUM QUANTITY ORDINAL",
    "EVENT EVE EVT",
    "WORK_OF_ART ART CREATIVE_WORK",
    "PRODUCT PROD",
    "MISC MISCELLANEOUS NORP EVENT WORK_OF_ART PRODUCT LANGUAGE LAW",
)
_LEAST_PREFIX = 3


def meant_ones(label: str, scheme: LabelScheme) -> tuple[str, ...]:
    """Return the labels of the scheme that may correspond to a label of another scheme, likeliest first."""
    near = meant(label, scheme)
    if near and near[1]:
        return (near[0],)
    known = {_key(name): name for name in sorted(scheme.labels or ())}
    key = _key(_IOB.sub("", label))
    groups = [names.split() for names in _RELATED]
    related = {name for names in groups if key in names for name in names} & known.keys()
    if related:
        order = [name for names in groups for name in names]
        return tuple(known[name] for name in sorted(related, key=order.index))
    if near:
        return (near[0],)
    if len(key) < _LEAST_PREFIX:
        return ()
    return tuple(
        name for word, name in known.items() if any(part.startswith(key) for part in word.split("_"))
    )


def meant(label: object, scheme: LabelScheme) -> tuple[str, bool] | None:
    """Return the label of the scheme that was probably meant, and whether that is certain.

    It is certain if the two differ only in case, space, separators, look-alike letters or an IOB prefix, and
    only one label fits. None if no label is close.
    """
    if not isinstance(label, str) or not scheme.labels or len(label) > max(map(len, scheme.labels)) * 2 + 9:
        return None
    return _meant(label, scheme.labels)


@lru_cache(maxsize=4096)
def _meant(label: str, labels: frozenset[str]) -> tuple[str, bool] | None:
    by_key = _by_key(labels)
    visible = "".join(char for char in label if unicodedata.category(char) != "Cf").strip()
    for candidate in (visible, _IOB.sub("", visible)):
        if len(found := by_key.get(_key(candidate), [])) == 1:
            return found[0], True
    close = get_close_matches(_key(visible), by_key, n=1, cutoff=0.8)
    return (by_key[close[0]][0], False) if close else None


@lru_cache(maxsize=16)
def _by_key(labels: frozenset[str]) -> dict[str, list[str]]:
    by_key: dict[str, list[str]] = {}
    for known in sorted(labels):
        by_key.setdefault(_key(known), []).append(known)
    return by_key


def _key(label: str) -> str:
    upper = unicodedata.normalize("NFKC", label).upper().translate(_LOOKALIKES)
    return _SEPARATORS.sub("_", upper).strip("_")
