"""Texts keep their name under case, space and Unicode form; shares are even."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techner.core.examples import Example, Span, digest, example_digest, fold, share_of, text_key
from tests.conftest import marked


@pytest.mark.parametrize(
    "variant",
    [
        "nginx PROXIES café straße",
        "  Nginx\tproxies\n\ncafé   Straße ",
        "Nginx\u00a0proxies\u3000café\u2009Straße",
        "Nginx proxies cafe\u0301 Straße",
        "Nginx proxies café STRASSE",
        "\uff2eginx proxies café Straße",  # full-width N
        "Nginx proxies CAFE\u0301 STRASSE",
    ],
)
def test_text_key_is_the_same_under_case_space_and_unicode_form(variant: str) -> None:
    assert text_key(variant) == text_key("Nginx proxies café Straße")


@pytest.mark.parametrize("other", ["Nginx proxies cafe", "Nginx proxies café!", "Nginxproxies café", ""])
def test_text_key_differs_for_another_text(other: str) -> None:
    assert text_key(other) != text_key("Nginx proxies café")


@given(text=st.text(), form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_fold_undoes_every_unicode_form(text: str, form: str) -> None:
    assert fold(unicodedata.normalize(form, text)) == fold(text)  # type: ignore[arg-type]


@given(st.text())
def test_fold_of_a_folded_text_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_fold_normalises_what_casefolding_denormalised() -> None:
    # Small ǰ is one code point, its capital is not; casefolding leaves their two accents in another order.
    assert fold("\u01f0\u0323") == fold("J\u0323\u030c")


def test_lone_surrogate_has_a_key() -> None:
    assert text_key("a\ud800") != text_key("a\ud801")


@pytest.mark.parametrize(
    "other",
    [
        Example("David uses TLS", ()),
        Example("David uses TLS", (Span(0, 5, "ORG"),)),
        Example("David uses TLS", (Span(0, 4, "PERSON"),)),
        Example("david uses TLS", (Span(0, 5, "PERSON"),)),
    ],
)
def test_example_digest_names_exact_text_and_spans(other: Example) -> None:
    assert example_digest(other) != example_digest(marked("[[David|PERSON]] uses TLS"))


def test_example_digest_stays_the_same_for_ever() -> None:
    # Replay memories and holdouts of existing stores are sampled by this digest.
    expected = digest(b'["TLS", [[0, 3, "PROTOCOL"]]]')
    assert example_digest(marked("[[TLS|PROTOCOL]]")) == expected


def test_only_keeps_the_spans_of_the_given_labels() -> None:
    example = marked("[[David|PERSON]] uses [[TLS|PROTOCOL]]")
    assert example.only(frozenset({"PROTOCOL"})) == Example("David uses TLS", (Span(11, 14, "PROTOCOL"),))


def test_labels_of_an_example_are_those_of_its_spans() -> None:
    assert marked("[[A|X]] [[B|Y]] [[C|X]]").labels == {"X", "Y"}


@pytest.mark.parametrize("salt", ["", "holdout"])
def test_shares_are_even(salt: str) -> None:
    shares = [share_of(text_key(f"text {number}"), salt=salt) for number in range(10_000)]
    tenths = Counter(int(share * 10) for share in shares)
    assert set(tenths) == set(range(10))
    assert all(900 < size < 1100 for size in tenths.values())


def test_share_lies_below_one_for_the_highest_key() -> None:
    assert 0.99 < share_of("f" * 64) < 1.0


def test_share_of_the_lowest_key_is_zero() -> None:
    assert share_of("0" * 64) == 0.0


def test_salts_place_keys_independently() -> None:
    keys = [text_key(f"text {number}") for number in range(10_000)]
    both = sum(share_of(key, salt="a") < 0.5 and share_of(key, salt="b") < 0.5 for key in keys)
    assert 2300 < both < 2700
