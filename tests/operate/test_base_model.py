"""Archives of base models: unpacked whole and within bounds, or one sentence."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from techner.core.errors import ModelError
from techner.operate.base_archives import FREE_BYTES, MOST_FILES, unpack_archive
from techner.operate.base_model import base_folder


def tar_of(members: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return raw.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return raw.getvalue()


WHOLE = gzip.compress(tar_of({"m/config.cfg": b"x" * 5000, "m/data": bytes(range(256)) * 200}))


def encrypted() -> bytes:
    """Return a zip file whose entries say that they are encrypted."""
    data = bytearray(zip_of({"m/config.cfg": b"x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def broken_inside() -> bytes:
    """Return a zip file that is whole but for the bytes of a file."""
    data = bytearray(zip_of({"m/config.cfg": b"some text that deflate packs " * 50}))
    data[45:60] = b"\xff" * 15
    return bytes(data)


def of_an_unknown_method() -> bytes:
    data = bytearray(zip_of({"m/config.cfg": b"x"}))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + at : data.index(mark) + at + 2] = struct.pack("<H", 77)
    return bytes(data)


def bomb() -> bytes:
    """Return a gzip of a tar whose one file is nothing, for longer than is free."""
    info = tarfile.TarInfo("m/config.cfg")
    info.size = 2 * FREE_BYTES
    return gzip.compress(info.tobuf()) + gzip.compress(bytes(1 << 20)) * 600


def bomb_in_a_header() -> bytes:
    """Return a tar whose extended header is gigabytes, which tarfile would hold in memory."""
    info = tarfile.TarInfo("./PaxHeaders/x")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))


def zip_bomb() -> bytes:
    """Return a zip file that says of one entry that it is larger than is free."""
    data = bytearray(zip_of({"m/config.cfg": b"x"}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 2 * FREE_BYTES)
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: WHOLE[: len(WHOLE) // 2], "is not a complete"),
        (lambda: WHOLE[:-4], "is not a complete"),
        (lambda: WHOLE[:12] + b"\xff" * 20 + WHOLE[32:], "unpack|is not a complete"),
        (lambda: zip_of({"a": b"x" * 999})[:-30], "is not a complete"),
        (lambda: b"", "is not a complete"),
        (lambda: b"just text", "is not a complete"),
        (encrypted, "is encrypted; unpack it and give the folder"),
        (broken_inside, "unpack|is not a complete"),
        (of_an_unknown_method, "cannot unpack"),
        (bomb, r"would unpack to more than \d+ MB"),
        (bomb_in_a_header, "header claims an impossible size"),
        (zip_bomb, r"would unpack to more than \d+ MB"),
        (
            lambda: zip_of({f"m/{n}": b"" for n in range(MOST_FILES + 1)}),
            "would unpack to more than .* files",
        ),
        (lambda: gzip.compress(tar_of({"../../out": b"x"})), "cannot unpack"),
        (lambda: gzip.compress(tar_of({"m/" + "n" * 300: b"x"})), "cannot unpack"),
    ],
)
def test_an_archive_that_cannot_be_unpacked_is_refused_in_one_sentence(
    make: Callable[[], bytes], says: str, tmp_path: Path
) -> None:
    archive = tmp_path / "model.whl"
    archive.write_bytes(make())
    (tmp_path / "into").mkdir()
    with pytest.raises(ModelError, match=says) as caught:
        unpack_archive(archive, tmp_path / "into")
    assert "model.whl" in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert sum(path.stat().st_size for path in (tmp_path / "into").rglob("*")) < FREE_BYTES


@pytest.mark.parametrize("name", ["__main__", "json", "no_such_package", "..", "a/b", "\N{SNOWMAN}", ""])
def test_a_name_that_is_no_base_model_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ModelError), base_folder(name):
        pass


def test_a_folder_called_like_a_configuration_is_none(tmp_path: Path) -> None:
    (tmp_path / "config.cfg").mkdir()
    with pytest.raises(ModelError, match=r"give one with a config\.cfg"), base_folder(str(tmp_path)):
        pass


def pipeline(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "config.cfg").write_text("[nlp]")


@pytest.mark.parametrize("below", [".", "a", "a/b/c/d"])
def test_a_pipeline_is_found_some_folders_down(below: str, tmp_path: Path) -> None:
    pipeline(tmp_path / "base" / below)
    with base_folder(str(tmp_path / "base")) as found:
        assert found == tmp_path / "base" / below


def test_a_pipeline_far_below_was_not_meant(tmp_path: Path) -> None:
    pipeline(tmp_path / "home/work/models/en/3.8")
    with pytest.raises(ModelError, match=r"holds no spaCy pipeline"), base_folder(str(tmp_path)):
        pass


def test_a_folder_with_two_pipelines_is_asked_which(tmp_path: Path) -> None:
    pipeline(tmp_path / "model-best", tmp_path / "model-last")
    says = r"2 spaCy pipelines: name the folder of one \(model-best, model-last\)"
    with pytest.raises(ModelError, match=says), base_folder(str(tmp_path)):
        pass
