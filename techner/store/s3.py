"""A store in an S3 bucket, or anything that speaks S3 and honours `If-None-Match: *`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from techner.core.errors import ObjectExists, ObjectMissing, SettingsError, StoreError
from techner.store.base import CHUNK_BYTES, Stored, check_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import PaginatorConfigTypeDef

# A 409 means that another write is under way, not that the key is taken: it stays a StoreError.
_TAKEN = {"PreconditionFailed", "412"}
_MISSING = {"NoSuchKey", "404", "NotFound"}
_BEHIND_THE_END = {"InvalidRange", "416"}


class S3Store:
    """Objects below `prefix` of one bucket. Writes are single PUTs, so the limit is 5 GB per file."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str = "") -> None:
        self._client, self.bucket, self.prefix = client, bucket, prefix.strip("/")

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
        with self._errors(key):
            self._client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data, IfNoneMatch="*")

    def put(self, key: str, data: bytes) -> None:
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
                    yield Stored(item["Key"].removeprefix(root), item["Size"], item["ETag"].strip('"'))

    def upload(self, key: str, path: Path) -> None:
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
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": self._key(key)}, ExpiresIn=seconds
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
            raise StoreError(f"{self.url}: {error}; check the bucket's name and rights") from error
        except BotoCoreError as error:
            raise StoreError(f"{self.url}: {error}; check TECHNER_S3_ENDPOINT and credentials") from error


def connect(bucket: str, prefix: str, *, endpoint: str | None) -> S3Store:
    """Open a bucket with boto3's own credentials chain; `endpoint` is the address of a compatible server.

    Raises SettingsError if the endpoint or AWS's settings are not valid.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=10,
        read_timeout=60,
        # Only the checksums an operation requires: compatible servers often refuse the newer trailing ones.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return S3Store(boto3.client("s3", endpoint_url=_checked(endpoint), config=config), bucket, prefix)
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(
            f"s3://{bucket} cannot be opened: {error}; check AWS_PROFILE, AWS_REGION and AWS's settings"
        ) from error


def _checked(endpoint: str | None) -> str | None:
    """Return the address of a compatible server; raises SettingsError if it is not one, or has a password."""
    if not endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        port = parts.port  # raises if it is not a port
    except ValueError as error:
        raise _no_endpoint(endpoint) from error
    is_address = parts.scheme in ("http", "https") and parts.hostname and port != 0 and endpoint.isprintable()
    if not is_address or parts.username or parts.password or parts.query or parts.fragment:
        raise _no_endpoint(endpoint)
    return endpoint


def _no_endpoint(endpoint: str) -> SettingsError:
    return SettingsError(
        f"TECHNER_S3_ENDPOINT={endpoint!r} is not an endpoint; write http://host:port, without a password: "
        "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile"
    )
