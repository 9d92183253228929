"""What a server of S3 refuses: each with its own remedy, and at once if no retry can help."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest

from techner.core.errors import StoreError, StoreRefused
from techner.registry.log import require_create_only
from techner.store import Store, open_store
from techner.store.patience import Patience
from techner.store.s3 import MAX_PUT_BYTES

REFUSED = {
    (403, "SignatureDoesNotMatch"): "check AWS_SECRET_ACCESS_KEY",
    (403, "InvalidAccessKeyId"): "check AWS_ACCESS_KEY_ID",
    (403, "AccessDenied"): "check the rights of their user or role",
    (400, "ExpiredToken"): "log in again",
    (404, "NoSuchBucket"): "create the bucket",
    (301, "PermanentRedirect"): "set AWS_DEFAULT_REGION",
    (501, "NotImplemented"): "needs create-only writes",
}
PASSING = {
    (403, "RequestTimeTooSkewed"): "set both by NTP",
    (403, "QuotaExceeded"): "the store is full: free space",
    (507, "XMinioStorageFull"): "the store is full: free space",
    (500, "InternalError"): "the fault is the server's",
    (503, "SlowDown"): "the fault is the server's",
    (409, "OperationAborted"): "check the bucket's name and rights",
}


@contextmanager
def refusing(status: int, code: str) -> Iterator[str]:
    """Serve this error, as S3 does, to every request; gives the address."""
    body = f"<Error><Code>{code}</Code><Message>as the test says</Message></Error>".encode()

    class Refusing(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def opened(endpoint: str) -> Store:
    return open_store(
        "s3://bucket/ner", s3_endpoint=endpoint, patience=Patience(connect_s=9, read_s=9, attempts=1)
    )


@pytest.mark.usefixtures("moto_endpoint")  # for its credentials
@pytest.mark.parametrize(("answer", "remedy"), REFUSED.items(), ids=lambda value: str(value)[:30])
def test_what_would_be_refused_again_has_its_remedy_and_is_not_tried_again(
    answer: tuple[int, str], remedy: str
) -> None:
    with refusing(*answer) as endpoint, pytest.raises(StoreRefused, match=remedy) as caught:
        opened(endpoint).put("a", b"1")
    assert answer[1] in str(caught.value)
    assert not caught.value.is_passing


@pytest.mark.usefixtures("moto_endpoint")
@pytest.mark.parametrize(("answer", "remedy"), PASSING.items(), ids=lambda value: str(value)[:30])
def test_what_may_pass_is_tried_again(answer: tuple[int, str], remedy: str) -> None:
    with refusing(*answer) as endpoint, pytest.raises(StoreError, match=remedy) as caught:
        opened(endpoint).put("a", b"1")
    assert caught.value.is_passing


@pytest.mark.usefixtures("moto_endpoint")
def test_the_probe_before_a_promotion_says_that_rights_are_missing() -> None:
    with refusing(403, "AccessDenied") as endpoint, pytest.raises(StoreRefused, match="check the rights"):
        require_create_only(opened(endpoint))


def test_missing_credentials_are_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    boto3.setup_default_session()  # the one of other tests has found credentials
    with pytest.raises(StoreRefused, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        opened("http://127.0.0.1:1").get("a")


class Huge(bytes):
    """Bytes of which there would be too many for this machine."""

    def __len__(self) -> int:
        return MAX_PUT_BYTES + 1


@pytest.mark.parametrize("write", ["create", "put"])
def test_bytes_beyond_one_put_are_refused_before_one_is_sent(write: str, s3_store: Store) -> None:
    with pytest.raises(StoreRefused, match="runs/r/checkpoint has 5368709121 bytes, and one write takes"):
        getattr(s3_store, write)("runs/r/checkpoint", Huge())
    assert list(s3_store.list()) == []


def test_a_file_beyond_one_put_is_refused_before_a_byte_is_sent(s3_store: Store, tmp_path: Path) -> None:
    with (tmp_path / "vectors").open("wb") as file:
        file.truncate(MAX_PUT_BYTES + 1)  # takes no place on the disk
    with pytest.raises(StoreRefused, match="vectors has 5368709121 bytes, and one write takes 5 GiB"):
        s3_store.upload("blobs/a", tmp_path / "vectors")
    assert list(s3_store.list()) == []
