"""What a server that speaks S3 refuses, and what to do about it."""

from typing import TYPE_CHECKING

from techner.core.errors import StoreError, StoreRefused

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_RIGHTS = (
    "these credentials may not do this: check the rights of their user or role on the bucket, and that "
    "TECHNER_STORE names the right one"
)
_EXPIRED = "the session of these credentials has ended: log in again, or renew AWS_SESSION_TOKEN"
_REGION = "the bucket is in another region: set AWS_DEFAULT_REGION"
_REFUSED = {
    "SignatureDoesNotMatch": "the secret does not belong to the access key, or a proxy changes host or path "
    "on the way: check AWS_SECRET_ACCESS_KEY, or the profile",
    "InvalidAccessKeyId": "the store does not know this access key: check AWS_ACCESS_KEY_ID, or the profile, "
    "and TECHNER_S3_ENDPOINT",
    "NoSuchBucket": "check the bucket's name in TECHNER_STORE, or create the bucket",
    "InvalidBucketName": "check the bucket's name in TECHNER_STORE",
    "AccessDenied": _RIGHTS,
    "Forbidden": _RIGHTS,
    "403": _RIGHTS,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "AuthorizationHeaderMalformed": _REGION,
    "PermanentRedirect": _REGION,
    "EntityTooLarge": "the server takes no object of this size in one request: raise its limit",
    "NotImplemented": "the server cannot do this: techner needs create-only writes (`If-None-Match: *`)",
}
"""Refused again however often they are sent."""
_FULL = "the store is full: free space there, or raise its quota"
_PASSING = {
    # A machine that was asleep sets its clock soon, and the next try may come to another worker.
    "RequestTimeTooSkewed": "the clock of this machine and the store's are more than 15 minutes apart: set "
    "both by NTP",
    "QuotaExceeded": _FULL,
    "InsufficientCapacity": _FULL,
    "InsufficientStorage": _FULL,
    "XMinioStorageFull": _FULL,
    "507": _FULL,
}
_SERVERS_OWN = "the fault is the server's: see its log, and try again"


def refusal(error: "ClientError", url: str) -> StoreError:
    """Describe an answer of the server that is an error."""
    code = error.response.get("Error", {}).get("Code", "")
    if remedy := _REFUSED.get(code):
        return StoreRefused(f"{url}: {error}; {remedy}")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    usual = _SERVERS_OWN if status >= 500 else "check the bucket's name and rights"  # noqa: PLR2004 - HTTP
    return StoreError(f"{url}: {error}; {_PASSING.get(code, usual)}")


def failure(error: "BotoCoreError", url: str) -> StoreError:
    """Describe a request that was not sent, or not answered."""
    from botocore import exceptions

    login = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.NoAuthTokenError,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
        exceptions.LoginError,
    )
    if isinstance(error, login):
        return StoreRefused(
            f"{url}: {error}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this "
            "machine a role"
        )
    if isinstance(error, exceptions.SSLError):
        remedy = "check the server's certificate; AWS_CA_BUNDLE names a file of further authorities"
    elif isinstance(error, exceptions.CredentialRetrievalError):
        remedy = "check the profile, and the service that lends the credentials"
    else:
        remedy = "check TECHNER_S3_ENDPOINT, and that the server runs"
    return StoreError(f"{url}: {error}; {remedy}")
