"""Every error crosses process borders whole, and its text says something."""

import inspect
import pickle
from typing import get_origin

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
    named = [found for found in parameters if found.kind is found.POSITIONAL_OR_KEYWORD]
    return kind(*map(field, named)) if named else kind("nothing works; try again")


def field(parameter: inspect.Parameter) -> str | dict[str, str]:
    value = f"some {parameter.name}"
    return {"a name": value} if get_origin(parameter.annotation) is dict else value


@pytest.mark.parametrize("kind", CLASSES)
def test_error_survives_pickling(kind: type[Exception]) -> None:
    error = build(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.args, vars(copy)) == (kind, str(error), error.args, vars(error))


@pytest.mark.parametrize("kind", CLASSES)
def test_message_of_an_error_names_all_its_fields(kind: type[Exception]) -> None:
    error = build(kind)
    assert str(error)
    for value in error.args:
        assert all(part in str(error) for part in (value.values() if isinstance(value, dict) else [value]))


@pytest.mark.parametrize("kind", CLASSES)
def test_error_belongs_to_the_one_tree(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.TechnerError)


def test_the_tree_in_the_module_text_names_every_error() -> None:
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in CLASSES)


@pytest.mark.parametrize("kind", [errors.ObjectExists, errors.ObjectMissing])
def test_states_of_an_object_are_store_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.StoreError)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:pa@ss@host:80/b", "http://***@host:80/b"),
        ("s3://KEY:se/cr+et@bucket/x", "s3://***@bucket/x"),
        ("https://secret@host/x", "https://***@host/x"),
        ("redis://:secret@host", "redis://***@host"),
        ("TECHNER_S3_ENDPOINT='user:secret@host'", "TECHNER_S3_ENDPOINT='***@host'"),
        ('the URL: "http://u:secret@h:1/b"', 'the URL: "http://***@h:1/b"'),
        (
            "https://h/k?X-Amz-Credential=secret&x=1&X-Amz-Signature=secret",
            "https://h/k?X-Amz-Credential=***&x=1&X-Amz-Signature=***",
        ),
        ("https://h/k?AWSAccessKeyId=secret&token=secret", "https://h/k?AWSAccessKeyId=***&token=***"),
        ("http://host:80/a@b, row 3: a@b, 12:30@home", "http://host:80/a@b, row 3: a@b, 12:30@home"),
    ],
)
def test_no_error_shows_what_logs_in(text: str, shown: str) -> None:
    assert str(errors.StoreError(text)) == shown
    assert "secret" not in str(errors.UnknownVersion(text))


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_shown_by_the_base_class_which_hides_passwords(kind: type[Exception]) -> None:
    assert kind.__str__ is errors.TechnerError.__str__


def test_errors_of_the_store_the_disk_and_a_busy_server_pass_and_no_others() -> None:
    assert {kind.__name__ for kind in CLASSES if getattr(kind, "is_passing", False)} == {
        "StoreError",
        "ObjectExists",
        "ObjectMissing",
        "CacheError",
        "Busy",
        "StillReading",
    }
