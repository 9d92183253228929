"""The layer of a `ner` whose rows score its actions."""

from typing import Any, NamedTuple

from spacy.pipeline import EntityRecognizer
from thinc.api import Model


class ActionLayer(NamedTuple):
    """A layer, and along which axis of each of its parameters its actions are."""

    node: Model[Any, Any]
    axes: dict[str, int]


def action_layer(component: EntityRecognizer) -> ActionLayer:
    """Return the upper layer, or the lower one with `use_upper = false`, spaCy's default above a transformer.

    The latter is spaCy's precomputable_affine: W has the shape (features, actions, pieces, width), b
    (actions, pieces), pad (1, features, actions, pieces).
    """
    upper = component.model.get_ref("upper")
    if upper.has_param("W"):
        return ActionLayer(upper, {"W": 0, "b": 0})
    return ActionLayer(component.model.get_ref("lower"), {"W": 1, "b": 0, "pad": 2})


def actions_of(component: EntityRecognizer) -> list[str]:
    """Return the names of the actions, such as `B-ORG` and `O`, in the order of the rows."""
    return [component.moves.get_class_name(index) for index in range(component.moves.n_moves)]
