"""Every error techner raises on purpose.

TechnerError
├── BatchError              a delivery that cannot be used
│   ├── FileError           a file of which no row can be used, with the code of the finding
│   └── BatchGone           a delivery that is no longer what was planned
├── ModelError              a base model that cannot be found, loaded or uptrained
├── SettingsError           a setting that is missing or contradicts another
│   ├── PolicyError         a figure or word of a policy that is not allowed
│   └── OptionsError        what was chosen for one run is not allowed
├── StoreError              object storage did not do what was asked
│   ├── ObjectExists        create-only: the key is taken
│   ├── ObjectMissing
│   └── StoreRefused        it would refuse the same again: credentials, rights, a bucket's name, a size
├── RegistryError
│   ├── AliasConflict       another writer moved the alias first
│   ├── UnknownBatch
│   ├── UnknownVersion
│   ├── Outdated            a document of a run was not made from what is there now
│   └── NotInitialised      the store has no origin yet
├── CacheError              the local disk cannot hold what was asked for
├── Busy                    the server cannot take another request of this kind now
│   └── StillReading        a page is not whole before more documents are read
└── IntegrityError          bytes do not match their digest, or sets that must not overlap do
    └── Untrusted           not signed by a key that is trusted
        └── Rewritten       an alias does not go on from what was seen of it: an older state, or another past

Fields are the `args`, so every error survives pickling across process borders. StoreError (but not
StoreRefused), CacheError and Busy are temporary (`is_passing`): the DAG retries them, and HTTP answers 503.
"""

from typing import ClassVar

from techner.core.redact import redact


class TechnerError(Exception):
    """Base of all errors raised on purpose; the text says what to do, and hides passwords in URLs."""

    is_passing: ClassVar[bool] = False
    """Whether the same may succeed later: the DAG tries its task again, and HTTP answers 503."""

    def __str__(self) -> str:
        return redact(self._text())

    def _text(self) -> str:
        return super().__str__()


class BatchError(TechnerError):
    """A delivery that cannot be used."""


class FileError(BatchError):
    """A file of which no row can be used; `code` is one of `core/codes.py`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail

    def _text(self) -> str:
        return f"{self.code}: {self.detail}"


class BatchGone(BatchError):  # noqa: N818 - it names the state that was found
    """What was planned is no longer in the inbox; `why` says what became of the batch."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why

    def _text(self) -> str:
        return (
            f"{self.name!r} is not what was planned: {self.why}; put it back, or let the next run take "
            "what is there"
        )


class ModelError(TechnerError):
    """A model that cannot be found, loaded or uptrained."""


class SettingsError(TechnerError):
    """A setting that is missing or contradicts another."""


class PolicyError(SettingsError, ValueError):
    """A figure or word of a policy that is not allowed; `field` is its full name: `gate.micro_margin`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def _text(self) -> str:
        return f"{self.field} {self.problem}"


class OptionsError(SettingsError):
    """What was chosen for one run is not allowed; `problems` has a sentence for each option, by its name."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems

    def _text(self) -> str:
        return "; ".join(self.problems.values())


class StoreError(TechnerError):
    """Object storage did not do what was asked."""

    is_passing = True


class ObjectExists(StoreError):  # noqa: N818 - it names the state that was found
    """Create-only: the key is taken."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def _text(self) -> str:
        return f"{self.key!r} already exists and is write-once"


class ObjectMissing(StoreError):  # noqa: N818
    """No object has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def _text(self) -> str:
        return f"{self.key!r} is not in the store"


class StoreRefused(StoreError):  # noqa: N818 - it names what was found
    """The store would refuse the same again: a person must correct credentials, rights, a name or a size."""

    is_passing = False


class RegistryError(TechnerError):
    """The registry refuses the request, or does not know what was asked for."""


class AliasConflict(RegistryError):  # noqa: N818
    """Another run moved the alias first."""

    def __init__(self, alias: str, expected: str | None, found: str | None) -> None:
        super().__init__(alias, expected, found)
        self.alias, self.expected, self.found = alias, expected, found

    def _text(self) -> str:
        return (
            f"alias {self.alias!r} names {self.found}, no longer {self.expected}; "
            "judge again against the new production model"
        )


class UnknownVersion(RegistryError):  # noqa: N818
    """No version or alias has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def _text(self) -> str:
        return f"no version or alias {self.name!r}; `techner model list` shows all versions"


class UnknownBatch(RegistryError):  # noqa: N818
    """No delivery in the inbox has this digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest

    def _text(self) -> str:
        return f"no batch {self.digest!r} in the inbox; `techner batch list` shows all batches"


class Outdated(RegistryError):  # noqa: N818
    """A document of a run was not made from the present other documents."""

    def __init__(self, run: str, document: str, why: str) -> None:
        super().__init__(run, document, why)
        self.run, self.document, self.why = run, document, why

    def _text(self) -> str:
        return (
            f"{self.document} of run {self.run!r} {self.why}; nothing is decided on it. Make it again: "
            f"`techner run night --run-id {self.run}`, or clear the tasks from `assemble` on in Airflow"
        )


class NotInitialised(RegistryError):  # noqa: N818
    """The store has no origin yet."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def _text(self) -> str:
        return f"{self.url} holds no model yet; run `techner init --base MODEL` once"


class IntegrityError(TechnerError):
    """Bytes do not match their digest, or sets that must not overlap do."""


class CacheError(TechnerError):
    """The local disk cannot hold what was asked for."""

    is_passing = True

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(folder, problem)
        self.folder, self.problem = folder, problem

    def _text(self) -> str:
        return f"cache {self.folder}: {self.problem}; correct that, or give another folder as `cache`"


class Busy(TechnerError):  # noqa: N818 - it names the state that was found
    """The server cannot take another request of this kind now."""

    is_passing = True

    def _text(self) -> str:
        return f"{super()._text()}; try again in a few seconds"


class StillReading(Busy):
    """A page is not whole before more documents are read; `problem` is why the last try ended."""

    def __init__(self, read: int, of: int, problem: str) -> None:
        super().__init__(read, of, problem)
        self.read, self.of, self.problem = read, of, problem

    def _text(self) -> str:
        ended = f"; an earlier try ended: {self.problem}" if self.problem else ""
        return f"the store is read here for the first time, {self.read} of {self.of} documents so far{ended}"


class Untrusted(IntegrityError):  # noqa: N818
    """Not signed by a key that is trusted."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what, self.why = what, why

    def _text(self) -> str:
        return (
            f"{self.what} is {self.why}; it is not used. Find out who wrote to the store, and whether "
            "TECHNER_PUBLIC_KEY is the right key"
        )


class Rewritten(Untrusted):
    """An alias does not go on from what was seen of it: an older state put back, or another past."""

    def __init__(self, what: str, why: str, memory: str) -> None:
        super().__init__(what, why)
        self.args = (what, why, memory)
        self.memory = memory

    def _text(self) -> str:
        return (
            f"{self.what} is {self.why}; it is not used. Find out who wrote to the store. If it was "
            f"restored or made again on purpose, delete {self.memory} to forget what was seen"
        )
