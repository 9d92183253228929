"""Every error crosses process borders whole, and its text says something."""

import inspect
import pickle

import pytest

from techner.core import errors

CLASSES = sorted(
    (
        found
        for _, found in inspect.getmembers(errors, inspect.isclass)
        if found.__module__ == errors.__name__
    ),
    key=lambda found: found.__name__,
)


def build(kind: type[Exception]) -> Exception:
    """Make an error with a recognisable value for every field."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    named = [found.name for found in parameters if found.kind is found.POSITIONAL_OR_KEYWORD]
    return kind(*(f"some {name}" for name in named)) if named else kind("nothing works; try again")


@pytest.mark.parametrize("kind", CLASSES)
def test_error_survives_pickling(kind: type[Exception]) -> None:
    error = build(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.args, vars(copy)) == (kind, str(error), error.args, vars(error))


@pytest.mark.parametrize("kind", CLASSES)
def test_message_of_an_error_names_all_its_fields(kind: type[Exception]) -> None:
    error = build(kind)
    assert str(error)
    assert all(value in str(error) for value in error.args)


@pytest.mark.parametrize("kind", CLASSES)
def test_error_belongs_to_the_one_tree(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.TechnerError)


def test_the_tree_in_the_module_text_names_every_error() -> None:
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in CLASSES)


@pytest.mark.parametrize("kind", [errors.ObjectExists, errors.ObjectMissing])
def test_states_of_an_object_are_store_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.StoreError)
