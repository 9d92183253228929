"""A base model as a folder, whichever way it was named."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from techner.core.errors import ModelError
from techner.operate.base_archives import unpack_archive

if TYPE_CHECKING:
    from techner.uptraining import Step

STARTER = "starter"
_DEEPEST = 4
"""Most folders between what is named and its pipeline: a source archive has three, one around it four."""
ShowSteps = Callable[[str], AbstractContextManager[Callable[["Step"], None]]]
"""Title of a training → a context manager that yields the callback for its steps."""


def _quiet(title: str) -> AbstractContextManager[Callable[["Step"], None]]:  # noqa: ARG001 - as the type asks
    return nullcontext(lambda step: None)


@contextmanager
def base_folder(base: str, *, show_steps: ShowSteps = _quiet) -> Iterator[Path]:
    """Yield the folder of a base model: `starter`, an archive, a folder or an installed package.

    Raises ModelError if `base` is none of these, or does not hold exactly one pipeline.
    """
    with TemporaryDirectory(prefix="techner-base-") as scratch:
        path = Path(base)
        if base == STARTER:
            from techner.starter import train_starter

            with show_steps("training the starter") as on_step:
                train_starter(Path(scratch) / STARTER, on_step=on_step)
            yield Path(scratch) / STARTER
        elif path.is_file():
            yield _pipeline_below(unpack_archive(path, Path(scratch)), base)
        elif path.is_dir():
            yield _pipeline_below(path, base)
        elif package := _package(base):
            yield _pipeline_below(package, base)
        else:
            raise ModelError(
                f"no base model {base!r}. Give an installed package (`en_core_web_lg`, once installed), "
                "a folder that spaCy can load, a .whl or .tar.gz of a spaCy package, or `starter` for a "
                "small pipeline that is trained on the spot"
            )


def _package(name: str) -> Path | None:
    if not name.isidentifier():
        return None
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):  # ValueError for modules without a spec, such as `__main__`
        return None
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _pipeline_below(folder: Path, base: str) -> Path:
    """Return the folder of the one pipeline; in packages it is some folders down."""
    for depth in range(_DEEPEST + 1):
        found = sorted(path.parent for path in folder.glob("*/" * depth + "config.cfg") if path.is_file())
        if len(found) > 1:
            named = ", ".join(str(path.relative_to(folder)) for path in found[:5])
            raise ModelError(f"{base!r} holds {len(found)} spaCy pipelines: name the folder of one ({named})")
        if found:
            return found[0]
    raise ModelError(f"{base!r} holds no spaCy pipeline: give one with a config.cfg")
