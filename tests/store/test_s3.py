"""What is special about a store in a bucket."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest

from techner.core.errors import StoreError, StoreRefused
from techner.store import Store, open_store


def test_objects_lie_below_the_prefix(s3_store: Store, bucket: str, moto_endpoint: str) -> None:
    s3_store.create("aliases/production/1.json", b"1")
    client = boto3.client("s3", endpoint_url=moto_endpoint)
    found = [item["Key"] for item in client.list_objects_v2(Bucket=bucket)["Contents"]]
    assert found == ["team/ner/aliases/production/1.json"]


def test_neighbouring_prefixes_do_not_see_each_other(bucket: str, moto_endpoint: str) -> None:
    one, two = (open_store(f"s3://{bucket}/{name}", s3_endpoint=moto_endpoint) for name in ("team", "team2"))
    two.create("a", b"1")
    assert list(one.list()) == []


def test_store_without_prefix_uses_the_whole_bucket(bucket: str, moto_endpoint: str) -> None:
    whole = open_store(f"s3://{bucket}", s3_endpoint=moto_endpoint)
    whole.create("a/b", b"1")
    assert [entry.key for entry in whole.list()] == ["a/b"]


def test_list_goes_on_past_the_first_page(
    bucket: str, moto_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "4")  # S3 itself lists 1000 at a time
    client = boto3.client("s3", endpoint_url=moto_endpoint)
    for number in range(9):
        client.put_object(Bucket=bucket, Key=f"log/{number}", Body=b"")
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 4
    found = [entry.key for entry in open_store(f"s3://{bucket}", s3_endpoint=moto_endpoint).list("log/")]
    assert found == [f"log/{number}" for number in range(9)]


@pytest.fixture
def wrong_bucket(moto_endpoint: str) -> Store:
    return open_store("s3://no-such-bucket-here/ner", s3_endpoint=moto_endpoint)


def test_reading_a_wrong_bucket_says_so(wrong_bucket: Store) -> None:
    with pytest.raises(
        StoreError, match=r"s3://no-such-bucket-here/ner: .*check the bucket's name"
    ) as caught:
        wrong_bucket.get("a")
    assert type(caught.value) is StoreRefused  # not ObjectMissing: that would read as an empty store


def test_listing_a_wrong_bucket_says_so(wrong_bucket: Store) -> None:
    with pytest.raises(StoreError, match="check the bucket's name"):
        list(wrong_bucket.list())


def test_writing_to_a_wrong_bucket_says_so(wrong_bucket: Store) -> None:
    with pytest.raises(StoreError, match="check the bucket's name"):
        wrong_bucket.create("a", b"1")


@pytest.mark.usefixtures("moto_endpoint")
def test_endpoint_where_nobody_listens_says_so() -> None:
    nobody = open_store("s3://bucket/ner", s3_endpoint="http://127.0.0.1:1")
    with pytest.raises(StoreError, match="check TECHNER_S3_ENDPOINT"):
        nobody.get("a")


def test_presigned_address_gives_the_bytes_to_anybody(s3_store: Store) -> None:
    s3_store.create("blobs/a", b"some bytes")
    address = s3_store.presigned("blobs/a", seconds=60)
    assert address
    assert httpx.get(address).content == b"some bytes"


def test_presigned_address_is_signed_by_version_4(s3_store: Store) -> None:
    asked = parse_qs(urlsplit(s3_store.presigned("blobs/a", seconds=60) or "").query)
    assert (asked["X-Amz-Algorithm"], asked["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["60"])
    assert "Signature" not in asked  # of version 2


def test_presigned_address_names_the_server_as_others_reach_it(bucket: str, moto_endpoint: str) -> None:
    outside = moto_endpoint.replace("127.0.0.1", "localhost")
    store = open_store(f"s3://{bucket}/ner", s3_endpoint=moto_endpoint, s3_public_endpoint=outside)
    store.create("blobs/a", b"some bytes")
    address = store.presigned("blobs/a", seconds=60) or ""
    assert address.startswith(f"{outside}/{bucket}/ner/blobs/a?")
    assert httpx.get(address).content == b"some bytes"


def test_a_bucket_tells_the_time_of_its_server_and_when_an_object_was_written(s3_store: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)  # servers tell whole seconds
    s3_store.create("inbox/a", b"1")
    written, told = next(s3_store.list("inbox/")).when, s3_store.time()
    after = datetime.now(UTC) + timedelta(seconds=2)
    assert written
    assert told
    assert before <= written <= after
    assert before <= told <= after
