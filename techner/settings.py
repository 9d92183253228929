"""Settings: `techner.toml` (or the file `TECHNER_CONFIG` names), overridden by `TECHNER_*` variables."""

import os
import tomllib
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from techner.core.errors import SettingsError
from techner.core.policy import (
    CorpusPolicy,
    GatePolicy,
    Policies,
    QualityPolicy,
    SchemePolicy,
    TrainingPolicy,
)
from techner.registry.signing import load_private_key, load_public_keys
from techner.registry.trust import trusted
from techner.store import Store, open_store


class Settings(BaseSettings):
    """Read at the entry points alone. `TECHNER_GATE__MICRO_MARGIN=0.01` sets one field of a policy."""

    model_config = SettingsConfigDict(env_prefix="TECHNER_", env_nested_delimiter="__", extra="forbid")

    store: str = ".techner/store"
    s3_endpoint: str | None = None
    cache: Path = Field(default_factory=lambda: Path.home() / ".cache" / "techner")
    signing_key: Path | None = None
    """Private Ed25519 key in PEM, of what publishes: manifests and moves of aliases are signed with it."""
    public_key: Path | None = None
    """Public Ed25519 keys in PEM: versions and aliases that none of them signed are refused."""
    token: SecretStr | None = None
    """What clients of `techner serve` send as bearer token."""
    gpu: int | None = None
    """Number of the GPU to train and predict on; None: the CPU."""
    quality: QualityPolicy = QualityPolicy()
    scheme: SchemePolicy = SchemePolicy()
    corpus: CorpusPolicy = CorpusPolicy()
    training: TrainingPolicy = TrainingPolicy()
    gate: GatePolicy = GatePolicy()

    @property
    def policies(self) -> Policies:
        return Policies(
            quality=self.quality,
            scheme=self.scheme,
            corpus=self.corpus,
            training=self.training,
            gate=self.gate,
        )

    def open_store(self) -> Store:
        """Open the store; with a key set, versions and aliases in it are believed only with a signature."""
        return trusted(
            open_store(self.store, s3_endpoint=self.s3_endpoint),
            load_public_keys(self.public_key) if self.public_key else (),
            load_private_key(self.signing_key) if self.signing_key else None,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        named = os.environ.get("TECHNER_CONFIG")
        if named and not Path(named).is_file():
            raise SettingsError(
                f"TECHNER_CONFIG={named!r} is no file; correct it, or unset it for the defaults"
            )
        toml = TomlConfigSettingsSource(settings_cls, Path(named or "techner.toml"))
        return init_settings, env_settings, toml


def unknown_variables() -> tuple[str, ...]:
    """Name the `TECHNER_*` variables that set nothing: most likely a misspelt setting."""
    known = {f"TECHNER_{name.upper()}" for name in Settings.model_fields} | {"TECHNER_CONFIG"}
    return tuple(
        sorted(
            name
            for name in os.environ
            if name.upper().startswith("TECHNER_") and name.upper().partition("__")[0] not in known
        )
    )


def load_settings() -> Settings:
    """Read the settings; raises SettingsError that names the wrong one."""
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
