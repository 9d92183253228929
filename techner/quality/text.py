"""Faults of a text, whatever is annotated in it."""

import re
import unicodedata
from typing import Any

from techner.core.policy import QualityPolicy
from techner.formats import Fault
from techner.quality.fault import Faults, quoted

# C0 and C1 controls except tab and line ends, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# UTF-8 that was read as Windows-1252: the lead bytes of the common scripts, with what can follow them there.
# The bytes are decoded here because half of their characters look like others in an editor.
_QUOTES = b"\x85\x91\x92\x93\x94\x96\x97".decode("cp1252")
_OTHERS = bytes({*range(0x80, 0xC0)} - {0x81, 0x8D, 0x8F, 0x90, 0x9D} - {*_QUOTES.encode("cp1252")})
_TAIL = _OTHERS.decode("cp1252") + _QUOTES
_AFTER_E2 = b"\x80\x82\x84\x86\x88\x89\x8c\x98\x99\x9a\x9c\x9e".decode("cp1252")  # signs, arrows, quotes
_MISREAD = re.compile(
    # `Ã”` may close a quotation in capitals, so a quote or dash counts only inside a word.
    f"Â[\xa0-\xbf]|Ã[{_OTHERS.decode('cp1252')}]|Ã[{_QUOTES}](?=\\w)"
    f"|â[{_AFTER_E2}][{_TAIL}\x80-\x9f]|ï[¼½»¿][{_TAIL}]|ðŸ[{_TAIL}]{{2}}"
)


MAX_MARKS = 100
"""Marks in one run: 100 take a tokenizer 2 ms, 500 take 40 to 67 ms, 8 000 take 5 to 10 s."""
MAX_EDGE_MARKS = 20
"""The same if a span begins or ends in the run, which must then be cut: 0.15 ms."""
_SOLID = 3
"""This many letters or digits in a row stop a tokenizer; fewer may be part of `'s` or `US$`."""
_NO_LETTER = re.compile(r"[\W_]+")
_ASCII_WORDS = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)).ljust(256)


def words(text: str) -> list[bytes]:
    """Return the runs of letters and digits, in UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    if text.isascii():  # the same result, eight times as fast
        return data.translate(_ASCII_WORDS).split()
    return _NO_LETTER.sub(" ", text).encode("utf-8", "surrogatepass").split()


def marks_of_run(run: str) -> int:
    """Count the characters before the first and after the last word of a run without white space.

    A tokenizer removes them one by one and looks at the whole rest each time, which takes the square of their
    number. Unbroken letters and digits, as in URLs, base64, Chinese or Thai, cost next to nothing.
    """
    solid = [at for at, char in enumerate(run) if char.isalnum() or unicodedata.category(char)[0] == "M"]
    first = last = None
    for place in range(len(solid) - _SOLID + 1):
        if solid[place + _SOLID - 1] - solid[place] == _SOLID - 1:
            first = solid[place] if first is None else first
            last = solid[place + _SOLID - 1]
    return len(run) if first is None or last is None else first + len(run) - 1 - last


def has_long_run(text: str, most: int = MAX_MARKS) -> bool:
    """Say whether a run without white space is longer than `most`, and must be looked at."""
    return len(text) > most and max(map(len, text.split()), default=0) > most


def takes_long(text: str, most: int = MAX_MARKS) -> bool:
    """Say whether cutting a text into tokens takes the square of its length."""
    return has_long_run(text, most) and any(
        len(run) > most and marks_of_run(run) > most for run in text.split()
    )


def text_faults(text: Any, policy: QualityPolicy) -> Faults:
    """Yield what keeps a text from being read."""
    if not isinstance(text, str):
        yield Fault("text_type", "the row has no text" if text is None else f"text is {type(text).__name__}")
        return
    if not text or text.isspace():
        yield Fault("text_empty", "only white space")
    if len(text) > policy.max_text_chars:
        yield Fault("text_long", f"{len(text)} characters; at most {policy.max_text_chars} are allowed")
    elif has_long_run(text):
        yield from _run_faults(text)
    if text.isascii() and text.isprintable():  # nearly all texts: nothing below can be found
        return
    if bad := _CONTROL.search(text):
        yield Fault("control", f"character U+{ord(bad[0]):04X} at {bad.start()}")
    yield from _mojibake(text)


def _run_faults(text: str) -> Faults:
    for run in text.split():
        if len(run) > MAX_MARKS and (marks := marks_of_run(run)) > MAX_MARKS:
            what = f"{marks} marks without white space"
            yield Fault("marks", f"{quoted(run)} has {what}, more than {MAX_MARKS}: shorten them")
            return


def _mojibake(text: str) -> Faults:
    if "\ufffd" in text:
        yield Fault("mojibake", f"U+FFFD at {text.index(chr(0xFFFD))} shows that bytes were lost")
    elif misread := _MISREAD.search(text):
        piece = misread[0]
        detail = f"{piece!r} at {misread.start()} looks like UTF-8 read as Windows-1252: export as UTF-8"
        yield Fault("mojibake", detail, _reread(piece))


def _reread(piece: str) -> str | None:
    for encoding in ("cp1252", "latin-1"):
        try:
            return piece.encode(encoding).decode()
        except UnicodeError:
            continue
    return None


def form_faults(text: str) -> Faults:
    """Yield what makes a text hard to compare with others."""
    if not unicodedata.is_normalized("NFC", text):
        yield Fault("not_nfc", "letters and accents are separate characters; other deliveries combine them")
