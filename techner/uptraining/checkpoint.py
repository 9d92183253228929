"""The state of a training between two epochs as bytes, from which another process goes on (ADR 40).

A training that goes on from them gives the same bytes as one that was never interrupted, on the same machine.
On a GPU it does not: the sums of parallel threads come in any order.
"""

import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from spacy.language import Language
from thinc.api import Model, Optimizer

from techner.core.examples import digest
from techner.uptraining.frozen import FrozenOutputs
from techner.uptraining.replay import Replay
from techner.uptraining.step import Step
from techner.uptraining.weights import Best, Weights, settle

_ABOUT = "about"
_LIBRARIES = ("spacy", "thinc", "numpy", "blis", "torch", "transformers", "spacy-transformers")


class Checkpoints(Protocol):
    """Where a training leaves its checkpoints; only the newest is kept."""

    def latest(self) -> bytes | None:
        """Return the state from which to go on, if there is one that this training left."""

    def offer(self, state: Callable[[], bytes]) -> None:
        """Keep the state as it is now, unless that would hold the training up."""


@dataclass(slots=True, kw_only=True)
class Training:
    """All that a training changes, beside the random numbers of its process."""

    model: Model[Any, Any]
    sgd: Optimizer
    shuffler: random.Random
    replay: Replay
    outputs: FrozenOutputs
    best: Best = field(default_factory=Best)
    ends: list[Step] = field(default_factory=list)
    """The last step of each finished epoch."""


def code_digest(folder: Path = Path(__file__).parent) -> str:
    """Identify the code that trains, and the libraries under it: others would go on differently."""
    sources = (path.read_bytes() for path in sorted(folder.glob("*.py")))
    return digest("\n".join([*map(digest, sources), *_installed()]).encode())


def _installed() -> Iterator[str]:
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):  # most need no transformer
            yield f"{name} {version(name)}"


def pack(training: Training) -> bytes:
    """Return the state after an epoch, the random numbers of the process included."""
    sgd, place = training.sgd, {id(eg): at for at, eg in enumerate(training.replay.pool)}
    about = {
        "python": random.getstate(),
        "numpy": _of_numpy(np.random.get_state(legacy=False)),  # noqa: NPY002 - the one that thinc uses
        "shuffler": training.shuffler.getstate(),
        "left": [place[id(eg)] for eg in training.replay.left],
        "hard": [place[id(eg)] for eg in training.replay.hard],
        "best": [training.best.epoch, training.best.f1],
        "ends": [asdict(step) for step in training.ends],
        "updates": {name: sgd.nr_update[key] for name, key in _parameters(training.model)},
        "reads": training.outputs.reads,
    }
    tables, ops = _tables(training), cast("Any", training.model.ops)
    arrays = {
        f"{table}.{name}": ops.to_numpy(values[key])
        for name, key in _parameters(training.model)
        for table, values in tables.items()
        if key in values
    }
    buffer = io.BytesIO()
    arrays[_ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def restore(training: Training, state: bytes, nlp: Language) -> None:
    """Bring a training that has just begun to the state that `pack` returned."""
    with np.load(io.BytesIO(state), allow_pickle=False) as arrays:
        about = json.loads(arrays[_ABOUT].tobytes())
        found = {name: arrays[name] for name in arrays.files}
    epoch, f1 = about["best"]
    training.best = Best(epoch=epoch, f1=f1)
    training.ends[:] = [Step(**step) for step in about["ends"]]
    pool = training.replay.pool
    training.replay.left = [pool[at] for at in about["left"]]
    training.replay.hard = [pool[at] for at in about["hard"]]
    training.outputs.read_again(about["reads"], nlp.make_doc)
    tables = _tables(training)
    for name, key in _parameters(training.model):
        training.sgd.nr_update[key] = about["updates"][name]
        for table, values in tables.items():
            if f"{table}.{name}" in found:
                values[key] = training.model.ops.asarray(found[f"{table}.{name}"])
    settle(training.model, tables["weights"])
    training.shuffler.setstate(_as_state(about["shuffler"]))
    np.random.set_state(about["numpy"])  # noqa: NPY002
    random.setstate(_as_state(about["python"]))


def _parameters(model: Model[Any, Any]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield each parameter's name here and its key in this process: layers are counted anew in each one."""
    for at, node in enumerate(model.walk()):
        for name in node.param_names:
            if node.has_param(name):
                yield f"{at}.{name}", (node.id, name)


def _tables(training: Training) -> dict[str, Weights]:
    """Return all arrays, by what they are; those of the optimizer and of the best epoch can be filled."""
    model, sgd = training.model, training.sgd
    weights = {
        (node.id, name): node.get_param(name)
        for node in model.walk()
        for name in node.param_names
        if node.has_param(name)
    }
    averages = {} if sgd.averages is None else sgd.averages
    best = training.best.weights
    return {"weights": weights, "mom1": sgd.mom1, "mom2": sgd.mom2, "averages": averages, "best": best}


def _of_numpy(state: Any) -> Any:
    return {**state, "state": {"key": state["state"]["key"].tolist(), "pos": int(state["state"]["pos"])}}


def _as_state(listed: list[Any]) -> tuple[Any, ...]:
    """Return the state of a random.Random as it was before it became JSON."""
    kind, numbers, gauss = listed
    return kind, tuple(numbers), gauss
