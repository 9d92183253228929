"""Files in the inbox that are not deliveries: what tools and systems leave there, and copies under way."""

import re
from collections.abc import Collection, Iterable

_UNDER_WAY = (
    ".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart",
    ".inprogress", ".incomplete", ".uploading", ".aria2", "._copying_",
)  # fmt: skip
"""What tools append to a name until the copy is complete."""
_TO_APPEND = (*_UNDER_WAY, "._COPYING_")
_TEMPORARY = (*_UNDER_WAY, ".swp", ".swo", ".swx", ".lock", ".bak", ".orig", "~", "#")
_OF_A_SYSTEM = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "$recycle.bin", "system volume information",
    "lost+found", "__macosx", "@eadir", "_success", "_failure", "_temporary", "_logs", "_metadata",
    "_common_metadata", "_delta_log", "_spark_metadata", "__pycache__",
}  # fmt: skip
_OF_A_JOB = re.compile(r"_(?:started|committed)_\d+")
_CHECKSUMS = (".md5", ".sha1", ".sha256", ".sha512", ".crc", ".crc32", ".asc", ".sig")
_OF_RSYNC = re.compile(r"\.(.+)\.[A-Za-z0-9]{6}")
_FOLDER_MARKER = "_$folder$"


def why_stray(name: str, size_bytes: int, beside: Collection[str]) -> str | None:
    """Return why a file in the inbox is not a delivery; None if it is one. `beside` are all names there."""
    if name.endswith(("/", _FOLDER_MARKER)):
        return "it marks a folder"
    if not size_bytes and any(other.startswith(f"{name}/") for other in beside):
        return "it marks a folder"
    for part in name.split("/"):
        if why := _of_a_tool(part):
            return why
    for suffix in _CHECKSUMS:
        if name.lower().endswith(suffix) and name[: -len(suffix)] in beside:
            return f"it is the checksum or signature of {name[: -len(suffix)]!r}"
    return None


def _of_a_tool(part: str) -> str | None:
    lower = part.lower()
    if lower.startswith("."):
        return "it is hidden: a copy under way, or a tool's own file"
    if lower in _OF_A_SYSTEM or _OF_A_JOB.fullmatch(lower):
        return f"{part!r} is what a system or job leaves behind"
    if lower.startswith(("~$", "#")) or lower.endswith(_TEMPORARY):
        return "its name is that of a temporary file: a copy under way, or an editor's"
    return None


def copies_under_way(names: Iterable[str]) -> dict[str, str]:
    """Return what tools are writing, each name with the temporary file through which one writes it."""
    found = {}
    for name in names:
        folder, slash, last = name.rpartition("/")
        if last.endswith(_TO_APPEND):
            whole = next(last.removesuffix(suffix) for suffix in _TO_APPEND if last.endswith(suffix))
            found[f"{folder}{slash}{whole}"] = found[f"{folder}{slash}{whole.removeprefix('.')}"] = name
        if last.startswith(".") and (copy := _OF_RSYNC.fullmatch(last)):
            found[f"{folder}{slash}{copy[1]}"] = name
    return found
