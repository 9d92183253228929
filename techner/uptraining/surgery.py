"""Take a `ner` out of a pipeline, make another of its shape, and put it in, leaving all else as it was."""

import copy
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.symbols import IDS  # type: ignore[import-not-found]  # compiled; words that every StringStore has
from spacy.training import Example as SpacyExample
from thinc.api import Model

from techner.core.errors import ModelError
from techner.uptraining.action_layer import ActionLayer, action_layer, actions_of
from techner.uptraining.calibrate import OFFSET, set_offset
from techner.uptraining.pipeline import STRINGS, load_pipeline, ner
from techner.uptraining.reading import Readings, mix_alike, readings_of

OUTSIDE = ("0", "5")  # spaCy's actions without a label; 1 to 4 have one


def standalone(folder: Path, name: str, *, beside: Language) -> Language:
    """Load the pipeline with the component detached from a shared tok2vec or transformer."""
    nlp = load_pipeline(folder, beside=beside)
    detach(nlp, name)
    return nlp


def detach(nlp: Language, name: str) -> None:
    """Give the component a copy of the tok2vec that it listens to, so that its training changes no other."""
    for shared in _listened(nlp, name):
        nlp.replace_listeners(shared, name, ["model.tok2vec"])


def _listened(nlp: Language, name: str) -> list[str]:
    tok2vec = nlp.config["components"][name]["model"].get("tok2vec", {})
    if "Listener" not in str(tok2vec.get("@architectures", "")):
        return []
    upstream = tok2vec.get("upstream", "*")
    return [p for p in nlp.pipe_names if upstream in ("*", p) and hasattr(nlp.get_pipe(p), "listener_map")]


def shape_of(nlp: Language, name: str, *, layers: int | None = None) -> dict[str, Any]:
    """Return the configuration of a new `ner` like this one, with at most `layers` encoder layers.

    Raises ModelError if it holds weights of PyTorch: spaCy would fill the new one with those that they were
    trained from, or with random ones.
    """
    if any(node.shims for node in ner(nlp, name).model.walk()):
        raise ModelError(
            f"the `ner` {name!r} holds weights of PyTorch, which a `ner` of other labels cannot inherit; use "
            "the strategy extend, on a pipeline whose `ner` listens to a `transformer` of spacy-transformers"
        )
    config = copy.deepcopy(dict(nlp.config["components"][name]))
    tok2vec = config["model"].get("tok2vec", {})
    for part in (tok2vec, tok2vec.get("encode", {})):  # HashEmbedCNN has its depth at the top
        if layers and isinstance(part.get("depth"), int):
            part["depth"] = min(part["depth"], layers)
    return {"model": config["model"], "update_with_oracle_cut_size": config["update_with_oracle_cut_size"]}


def initialise_ner(
    nlp: Language, component: EntityRecognizer, labels: Sequence[str], egs: Sequence[SpacyExample]
) -> None:
    """Give a new `ner` its labels, in this order, and random weights."""
    actions: dict[str, dict[str, int]] = {action: {"": 1} for action in OUTSIDE}
    counts = {label: len(labels) - position for position, label in enumerate(labels)}
    actions |= {action: dict(counts) for action in ("1", "2", "3", "4")}
    component.initialize(lambda: egs, nlp=nlp, labels=actions)


def inherit(
    heir: EntityRecognizer, parent: EntityRecognizer, renamed: Mapping[str, str] | None = None
) -> None:
    """Copy every weight of the parent that has a counterpart in the heir.

    Layers are matched from the input upwards, so a shallower heir gets the parent's first ones. What it reads
    of a token and its parent did not counts for nothing at first. Rows of the output layer are matched by
    action and label; `renamed` maps old labels to new ones.
    """
    _inherit_tok2vec(heir, parent)
    actions, others = action_layer(heir), action_layer(parent)
    if actions.axes.keys() != others.axes.keys():
        return  # one has an upper layer, the other has not
    lowers = [component.model.get_ref("lower") for component in (heir, parent)]
    is_alike = actions.node is lowers[0] or _copy_while_same(lowers[:1], lowers[1:])
    if is_alike and all(_beside(actions, name) == _beside(others, name) for name in actions.axes):
        _copy_rows(heir, parent, renamed or {})
        heir.cfg[OFFSET] = parent.cfg.get(OFFSET, 0.0)
        set_offset(heir, 0.0)


def _inherit_tok2vec(heir: EntityRecognizer, parent: EntityRecognizer) -> None:
    ours, theirs = readings_of(heir), readings_of(parent)
    _copy_layers(_without(ours, heir), _without(theirs, parent))
    if ours.characters and theirs.characters:
        _copy_layers(_weighted(ours.characters), _weighted(theirs.characters))
    mix_alike(ours, theirs)


def _without(readings: Readings, component: EntityRecognizer) -> list[Model[Any, Any]]:
    """Return the layers of the component's tok2vec but for what is joined to them."""
    joined = _weighted(readings.characters) if readings.characters else []
    apart = {id(layer) for layer in (readings.mix, *joined)}
    return [layer for layer in _weighted(component.model.get_ref("tok2vec")) if id(layer) not in apart]


def _copy_layers(ours: list[Model[Any, Any]], theirs: list[Model[Any, Any]]) -> None:
    """Copy from the first layer forwards, then from the last one backwards: the parent may be deeper."""
    first = _copy_while_same(ours, theirs)
    _copy_while_same(ours[first:][::-1], theirs[first:][::-1])


def _weighted(model: Model[Any, Any]) -> list[Model[Any, Any]]:
    return [node for node in model.walk(order="dfs_pre") if any(map(node.has_param, node.param_names))]


def _copy_while_same(ours: list[Model[Any, Any]], theirs: list[Model[Any, Any]]) -> int:
    """Copy layers until one differs in kind or shape; return how many were copied."""
    for position, (heir, parent) in enumerate(zip(ours, theirs, strict=False)):
        if heir.name != parent.name or _shapes(heir) != _shapes(parent):
            return position
        for name in heir.param_names:
            heir.set_param(name, parent.get_param(name).copy())
    return min(len(ours), len(theirs))


def _shapes(layer: Model[Any, Any]) -> dict[str, tuple[int, ...]]:
    return {name: layer.get_param(name).shape for name in layer.param_names if layer.has_param(name)}


def _beside(layer: ActionLayer, name: str) -> tuple[int, ...]:
    """Return the shape of a parameter without the axis of its actions."""
    shape, axis = layer.node.get_param(name).shape, layer.axes[name]
    return tuple(shape[:axis] + shape[axis + 1 :])


def _copy_rows(heir: EntityRecognizer, parent: EntityRecognizer, renamed: Mapping[str, str]) -> None:
    ours, theirs = action_layer(heir), action_layer(parent)
    names = actions_of(parent)
    # If the new name was known before, its own rows count, not those of the label that is merged into it.
    rows = {_renamed(name, renamed): row for row, name in enumerate(names)} | {
        name: row for row, name in enumerate(names) if _renamed(name, renamed) == name
    }
    for name, axis in ours.axes.items():
        value: Any = ours.node.get_param(name).copy()
        given: Any = theirs.node.get_param(name)
        by_row, source = value.swapaxes(0, axis), given.swapaxes(0, axis)
        for row, action in enumerate(actions_of(heir)):
            if action in rows and rows[action] < len(source):
                by_row[row] = source[rows[action]]
        ours.node.set_param(name, value)


def _renamed(action: str, renamed: Mapping[str, str]) -> str:
    kind, dash, label = action.partition("-")
    return kind + dash + renamed.get(label, label)


def graft(work: Language, name: str, folder: Path, out: Path) -> None:
    """Save the pipeline of `folder` to `out` with the component `name` of `work`.

    Every other file is copied, not written again: vectors keep their bytes, and the string store does not
    grow with the training texts.
    """
    written = shutil.ignore_patterns("config.cfg", "meta.json")
    shutil.copytree(
        folder, out, ignore=lambda at, names: written(at, names) if Path(at) == folder else set[str]()
    )
    shutil.rmtree(out / name, ignore_errors=True)
    component = ner(work, name)
    component.to_disk(out / name, exclude=["vocab"])
    work.config.to_disk(out / "config.cfg")
    (out / "meta.json").write_text(json.dumps(work.meta, indent=2) + "\n", encoding="utf-8")
    words = json.loads((out / STRINGS).read_bytes())  # a StringStore of en_core_web_md takes 140 MB more
    if added := sorted(set(component.labels).difference(words, IDS)):
        (out / STRINGS).write_text(json.dumps(words + added), encoding="utf-8")
