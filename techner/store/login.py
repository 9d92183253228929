"""A login to S3 that does not come from boto3's own chain."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Login:
    """Credentials, and where they are valid; what is None, boto3's own settings say."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None
    """URL of a server that speaks S3."""
