"""A store in an S3 bucket, or anything that speaks S3 and honours `If-None-Match: *`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from techner.core.errors import ObjectExists, ObjectMissing, SettingsError, StoreRefused
from techner.store.base import CHUNK_BYTES, Stored, check_key
from techner.store.login import S3Login
from techner.store.patience import PATIENT, Patience
from techner.store.s3_client import open_client
from techner.store.s3_errors import failure, refusal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import PaginatorConfigTypeDef

MAX_PUT_BYTES = 5 * 1024**3
"""S3's limit for one PUT. Of more parts the last one is not create-only on every server."""
# A 409 means that another write is under way, not that the key is taken: it stays a StoreError.
_TAKEN = {"PreconditionFailed", "412"}
_MISSING = {"NoSuchKey", "404", "NotFound"}
_BEHIND_THE_END = {"InvalidRange", "416"}


class S3Store:
    """Objects below `prefix` of one bucket. Every write is one PUT."""

    def __init__(
        self, client: "S3Client", bucket: str, prefix: str = "", *, public: "S3Client | None" = None
    ) -> None:
        """Use `public` for addresses that are given away: it knows the server by the name that others use."""
        self._client, self.bucket, self.prefix = client, bucket, prefix.strip("/")
        self._public = public or client

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def identity(self) -> str:
        endpoint = urlsplit(self._client.meta.endpoint_url)
        host = (endpoint.hostname or "") + (f":{endpoint.port}" if endpoint.port else "")
        # At AWS itself a bucket's name is unique over all regions.
        return self.url if host.endswith((".amazonaws.com", ".amazonaws.com.cn")) else f"{self.url} at {host}"

    def get(self, key: str) -> bytes:
        with self._errors(key):
            return self._client.get_object(Bucket=self.bucket, Key=self._key(key))["Body"].read()

    def create(self, key: str, data: bytes) -> None:
        self._require_one_put(key, len(data))
        with self._errors(key):
            self._client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data, IfNoneMatch="*")

    def put(self, key: str, data: bytes) -> None:
        self._require_one_put(key, len(data))
        with self._errors(key):
            self._client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data)

    def delete(self, key: str) -> None:
        with self._errors(key):
            self._client.delete_object(Bucket=self.bucket, Key=self._key(key))

    def list(self, prefix: str = "", *, limit: int | None = None) -> Iterator[Stored]:
        root = f"{self.prefix}/" if self.prefix else ""
        config: PaginatorConfigTypeDef = {"PageSize": min(limit or 1000, 1000)}
        if limit is not None:
            config["MaxItems"] = limit
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=root + prefix, PaginationConfig=config
        )
        with self._errors(prefix):
            for page in pages:
                for item in page.get("Contents", []):
                    key, tag = item["Key"].removeprefix(root), item["ETag"].strip('"')
                    yield Stored(key, item["Size"], tag, when=item["LastModified"])

    def upload(self, key: str, path: Path) -> None:
        """Like `create`, from a file; raises StoreRefused if it is larger than one PUT may be."""
        self._require_one_put(path.name, path.stat().st_size)
        with self._errors(key), path.open("rb") as file:
            self._client.put_object(Bucket=self.bucket, Key=self._key(key), Body=file, IfNoneMatch="*")

    def download(self, key: str, path: Path) -> None:
        with self._errors(key):
            body = self._client.get_object(Bucket=self.bucket, Key=self._key(key))["Body"]
            with path.open("wb") as file:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    file.write(chunk)

    def chunks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        from botocore.exceptions import ClientError

        # No range if all is wanted: an empty object has no byte 0 to begin at.
        part: dict[str, Any] = {"Range": f"bytes={start}-"} if start else {}
        with self._errors(key):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=self._key(key), **part)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _BEHIND_THE_END:
                    return
                raise
            yield from answer["Body"].iter_chunks(CHUNK_BYTES)

    def presigned(self, key: str, *, seconds: int) -> str | None:
        with self._errors(key):
            return self._public.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": self._key(key)}, ExpiresIn=seconds
            )

    def time(self) -> datetime | None:
        aliases = self._key("aliases") + "/"  # whoever reads the store may list them
        with self._errors(aliases):
            answer = self._client.list_objects_v2(Bucket=self.bucket, Prefix=aliases, MaxKeys=1)
        said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(said) if said else None

    def _require_one_put(self, name: str, size_bytes: int) -> None:
        if size_bytes > MAX_PUT_BYTES:
            raise StoreRefused(
                f"{self.url}: {name} has {size_bytes} bytes, and one write takes 5 GiB at most: make the "
                "file smaller (prune the vectors of the base model), or keep the store in a folder"
            )

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{check_key(key)}".lstrip("/")

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _TAKEN:
                raise ObjectExists(key) from error
            if code in _MISSING:
                raise ObjectMissing(key) from error
            raise refusal(error, self.url) from error
        except BotoCoreError as error:
            raise failure(error, self.url) from error


def connect(
    bucket: str,
    prefix: str,
    *,
    endpoint: str | None,
    public_endpoint: str | None = None,
    patience: Patience = PATIENT,
    login: S3Login | None = None,
) -> S3Store:
    """Open a bucket; `endpoint` is the address of a compatible server, `public_endpoint` what others call it.

    Raises SettingsError if an endpoint or AWS's settings are not valid.
    """
    from botocore.exceptions import BotoCoreError

    try:
        client = open_client(endpoint, setting="TECHNER_S3_ENDPOINT", patience=patience, login=login)
        public = (
            open_client(public_endpoint, setting="TECHNER_S3_PUBLIC_ENDPOINT", patience=patience, login=login)
            if public_endpoint
            else None
        )
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(
            f"s3://{bucket} cannot be opened: {error}; check AWS_PROFILE, AWS_DEFAULT_REGION and AWS's files"
        ) from error
    return S3Store(client, bucket, prefix, public=public)
