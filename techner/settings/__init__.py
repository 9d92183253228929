"""Settings: `techner.toml` (or the file `TECHNER_CONFIG` names), overridden by `TECHNER_*` variables."""

from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from techner.core.errors import SettingsError
from techner.core.eviction import EvictionPolicy
from techner.core.nights import CollectionPolicy, NightsPolicy, NoticesPolicy
from techner.core.policy import (
    CorpusPolicy,
    GatePolicy,
    Policies,
    QualityPolicy,
    SchemePolicy,
    TrainingPolicy,
)
from techner.core.scheme import label_scheme
from techner.registry.keyless_store import KeylessStore
from techner.registry.seen_aliases import remembering
from techner.registry.signing import load_private_key, load_public_keys, require_believed
from techner.registry.trust import trusted
from techner.registry.workspace import Workspace
from techner.runs.run import Run
from techner.settings.login import login_of
from techner.settings.models import DEFAULT_STORE, chosen_model, model_names, source_of, values_of
from techner.settings.refusals import nearest, nearest_variable, sentence
from techner.settings.sources import PREFIX, Variables, read_file, unknown_variables
from techner.store import Store, open_store
from techner.store.patience import PATIENT, Patience

__all__ = ["Settings", "load_settings", "model_names"]

_file: ContextVar[Mapping[str, Any] | None] = ContextVar("what the file says of the model", default=None)


def _local(path: object) -> object:
    if path == "":  # an empty path would be the current folder
        raise ValueError("give a path, or leave the setting out")
    if not isinstance(path, str | Path):
        raise ValueError("give a path in quotes")  # noqa: TRY004 - pydantic's protocol
    return path


def _number_of_gpu(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and value.strip().isdecimal()):  # `true` is not 1
        raise ValueError("give the number of a GPU, from 0 on, or leave the setting out")
    return value


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"there is no home folder for {str(path)!r}: give a folder that starts with /"
        ) from error


LocalPath = Annotated[Path, BeforeValidator(_local), AfterValidator(_at_home)]


class Settings(BaseSettings):
    """All settings, read at entry points only; `TECHNER_GATE__MICRO_MARGIN=0.01` sets a field of a policy."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True
    )

    store: str = DEFAULT_STORE
    """The store: `s3://bucket/prefix`, `file:///folder`, or a folder."""
    s3_endpoint: str | None = None
    """URL of a server that speaks S3; null: Amazon S3, or what boto3 is configured for."""
    s3_public_endpoint: str | None = None
    """URL of the same server as others reach it, for presigned addresses; null: `s3_endpoint`."""
    s3_conn_id: str | None = None
    """Connection of Airflow with the login of the store, for its tasks and pages; null: boto3 finds one."""
    cache: LocalPath = Field(default=Path("~/.cache/techner"), validate_default=True)
    """Folder for verified downloads, safe to share; it also remembers how far each alias had come."""
    signing_key: LocalPath | None = None
    """Private Ed25519 key (PEM) of whatever writes to the store: what it writes is signed."""
    public_key: LocalPath | None = None
    """Public Ed25519 keys (PEM): what none of them signed is refused."""
    token: SecretStr | None = None
    """The bearer token that clients of `techner serve` must send."""
    gpu: Annotated[int, Field(ge=0), BeforeValidator(_number_of_gpu)] | None = None
    """Number of the GPU to train and predict on; null: the CPU."""
    quality: QualityPolicy = QualityPolicy()
    scheme: SchemePolicy = SchemePolicy()
    corpus: CorpusPolicy = CorpusPolicy()
    training: TrainingPolicy = TrainingPolicy()
    gate: GatePolicy = GatePolicy()
    nights: NightsPolicy = NightsPolicy()
    collection: CollectionPolicy = CollectionPolicy()
    notices: NoticesPolicy = NoticesPolicy()
    eviction: EvictionPolicy = EvictionPolicy()

    @property
    def policies(self) -> Policies:
        return Policies(
            quality=self.quality,
            scheme=self.scheme,
            corpus=self.corpus,
            training=self.training,
            gate=self.gate,
        )

    def open_store(self, patience: Patience = PATIENT) -> Store:
        """Open the store; with a key set, only signed objects are trusted.

        The cache remembers how far each alias has come, and an older state is refused. Raises SettingsError
        for a key that cannot be used, and StoreError for a URL that is not a store.
        """
        bare = self.open_bare_store(patience)
        return remembering(self.believed(bare), self.cache, is_signed=self.has_keys)

    def workspace(self, store: Store) -> Workspace:
        """Return where to compute on what a store holds."""
        return Workspace(store=store, cache=self.cache, eviction=self.eviction)

    def run(self, store: Store, run_id: str) -> Run:
        """Return a run on a store, which computes where these settings say."""
        return Run(store=store, id=run_id, cache=self.cache, gpu=self.gpu, eviction=self.eviction)

    @property
    def has_keys(self) -> bool:
        return bool(self.public_key or self.signing_key)

    def believed(self, bare: Store) -> Store:
        """Return a store that believes only what the keys signed.

        Raises SettingsError for a bad key, and for a private one that the public ones do not know.
        """
        public = load_public_keys(self.public_key) if self.public_key else ()
        private = load_private_key(self.signing_key) if self.signing_key else None
        if public and private:
            require_believed(private, public)
        return trusted(bare if self.has_keys else KeylessStore(inner=bare), public, private)

    def open_bare_store(self, patience: Patience = PATIENT) -> Store:
        """Open the store without any trust: for what looks at signatures itself."""
        login = login_of(self.s3_conn_id) if self.s3_conn_id else None
        return open_store(
            self.store,
            s3_endpoint=self.s3_endpoint or (login.endpoint if login else None),
            s3_public_endpoint=self.s3_public_endpoint,
            patience=patience,
            login=login,
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
        del env_settings, dotenv_settings, file_secret_settings
        told = _file.get()
        file = dict(values_of(None, read_file()) if told is None else told)
        return init_settings, Variables(settings_cls), InitSettingsSource(settings_cls, file)


def load_settings(model: str | None = None) -> Settings:
    """Read the settings of a model; without a name, of the one that TECHNER_MODEL names, or of the only one.

    Raises SettingsError that names the wrong setting and where it came from.
    """
    for name in unknown_variables(Settings):
        raise SettingsError(f"{name} is no setting{nearest_variable(name, Settings)}")
    told = read_file()
    model = chosen_model(model, told)
    values = values_of(model, told)
    for name in values:
        if name != name.lower():  # read as its lower-case name, it would silently replace that setting
            meant = nearest(name.lower(), Settings)
            raise SettingsError(f"{name} is no setting{meant} (from {source_of(model, (name,))})")
    given = _file.set(values)
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(sentence(error, Settings, model)) from error
    finally:
        _file.reset(given)
    label_scheme((), settings.policies)
    return settings
