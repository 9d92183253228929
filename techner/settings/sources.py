"""Where settings come from: one TOML file, and the `TECHNER_*` variables."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from techner.core.bounds import types_of
from techner.core.errors import SettingsError

PREFIX = "TECHNER_"
CONFIG = "TECHNER_CONFIG"
MODEL = "TECHNER_MODEL"
"""Which of several models is meant."""
# Kubernetes sets these in every container if there is a service called techner.
_OF_KUBERNETES = re.compile(r"TECHNER_(SERVICE_|PORT(_|$))")


def settings_file() -> Path:
    return Path(os.environ.get(CONFIG) or "techner.toml")


def read_file() -> dict[str, Any]:
    """Read the settings file, if there is one; raises SettingsError if it cannot be read."""
    path = settings_file()
    named = f"{CONFIG}={str(path)!r}" if os.environ.get(CONFIG) else str(path)
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        if not os.environ.get(CONFIG):
            return {}
        raise SettingsError(f"{named} is not a file; correct it, or unset it for the defaults") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{named} {_problem(error)}") from error
    except RecursionError as error:
        raise SettingsError(f"{named} is nested too deeply to be read") from error


def _problem(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}; the settings are a TOML file"
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 at byte {error.start}; save it as UTF-8"
    return f"is not TOML: {error}"


class Variables(EnvSettingsSource):
    """`TECHNER_GATE__SEED=1`; a list is JSON or `A,B`; a table is JSON, and replaces the one in the file."""

    def explode_env_vars(
        self, field_name: str, field: FieldInfo, env_vars: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """Return the fields of one policy that variables set."""
        if not is_dataclass(field.annotation):
            return {}
        prefix = f"{PREFIX}{field_name}__".lower()
        types = types_of(field.annotation)
        return {
            name: _decoded(value or "", types.get(name), variable.upper())
            for variable, value in env_vars.items()
            if (name := variable.removeprefix(prefix)) != variable
        }

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Read a whole policy: `TECHNER_GATE={"micro_margin": 0.01}`."""
        default = next(iter(asdict(field.default).items()))
        return _json(value, f"{PREFIX}{field_name.upper()}", dict, json.dumps(dict([default])))


def unknown_variables(settings: type[BaseSettings]) -> tuple[str, ...]:
    """Return the `TECHNER_*` variables that set nothing; fields of policies are checked elsewhere."""
    names = {f"{PREFIX}{name.upper()}" for name in settings.model_fields}
    sections = tuple(
        f"{PREFIX}{name.upper()}__"
        for name, field in settings.model_fields.items()
        if is_dataclass(field.annotation)
    )
    return tuple(
        sorted(
            name
            for name in os.environ
            if name.upper().startswith(PREFIX)
            and name not in (CONFIG, MODEL)
            and name.upper() not in names
            and not name.upper().startswith(sections)
            and not _OF_KUBERNETES.match(name.upper())
        )
    )


def variable(setting: str) -> str | None:
    """Return what a variable says of a setting that is no table; None if there is none."""
    wanted = f"{PREFIX}{setting}".upper()
    return next((value for name, value in os.environ.items() if name.upper() == wanted), None)


def _decoded(value: str, kind: Any, variable: str) -> Any:
    """Return the value of a variable in the form that its field takes."""
    if get_origin(kind) is dict:
        # Not a plain dictionary, which would be merged into the table of the file.
        return MappingProxyType(_json(value, variable, dict, '{"NAME": "VALUE"}'))
    if get_origin(kind) is tuple:
        if value.lstrip().startswith(("[", "{", '"')):
            return _json(value, variable, list, '["PROTOCOL", "HARDWARE"]')
        return [part.strip() for part in value.split(",")]
    return value


def _json(value: str, variable: str, kind: type, example: str) -> Any:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise SettingsError(f"{variable}={value[:80]!r} cannot be read: write {example}")
    return found
