"""A text that scores is recognised whatever stands around it, and no other text for it."""

import pytest

from techner.core.examples import fold, leak_key, text_key

TEXT = "The gateway speaks MQTT (and “CoAP”) to every board."


def key(text: str) -> str:
    return leak_key(fold(text))


@pytest.mark.parametrize(
    "again",
    [
        "the GATEWAY speaks mqtt (and “coap”) to every board",
        "The gateway speaks MQTT (and “CoAP”) to every board!",
        "The gateway speaks MQTT (and “CoAP”) to every board…",
        "The gateway speaks MQTT (and “CoAP”) to every board ...",
        '"The gateway speaks MQTT (and “CoAP”) to every board."',
        "«The gateway speaks MQTT (and “CoAP”) to every board»",
        "(The gateway speaks MQTT (and “CoAP”) to every board.)",
        "- The gateway speaks MQTT (and “CoAP”) to every board.",
        "• The gateway speaks MQTT (and “CoAP”) to every board",
        "12. The gateway speaks MQTT (and “CoAP”) to every board.",
        "> The gateway speaks MQTT (and “CoAP”) to every board — ",
        "**The gateway speaks MQTT (and “CoAP”) to every board.**",
        "The gate\u00adway speaks M\u200bQTT (and “CoAP”) to every board.",
        "\ufeffThe\u00a0gateway speaks MQTT (and “CoAP”) to every\u202fboard.\u200f",
        'The gateway speaks MQTT (and "CoAP") to every board.',
        "The gateway speaks MQTT (and “CoAP”) to every board 🎉",
    ],
)
def test_the_same_text_in_another_dress_is_seen(again: str) -> None:
    assert key(again) == key(TEXT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("We use C", "We use C#"),
        ("We use C", "We use C++"),
        ("It costs 5", "It costs 5 %"),
        ("It costs 5", "It costs 5€"),
        ("lang: C", "lang C"),
        ("1. Rust", "2 Rust"),
        ("...", "???"),
        ("ask @noor", "ask noor"),
    ],
)
def test_another_text_is_another(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_the_key_that_parts_texts_stays_as_it_was() -> None:
    assert text_key("Redis.") != text_key("Redis")
    assert text_key("Redis.") == "1af2da391b7234b28431c4845a7df3f54d556871fba79c6fda0363279001f1da"
