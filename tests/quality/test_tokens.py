"""Looking at the pieces between white space alone tells the same as looking at the whole text."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from techner.quality.tokens import Bounds
from tests.quality.examining import tokenize

# Without the apostrophe: spaCy 3.8 cuts `''1` in two or in three, by whether a lone one stands before it.
TEXTS = st.text(alphabet="abA1 .,-()/\n\u00e9", max_size=12)


@given(TEXTS)
def test_pieces_tell_the_same_ranges_of_whole_tokens_as_the_whole_text(text: str) -> None:
    pieces, whole = (Bounds(tokenize, cuts_at_space=known) for known in (True, False))
    for start, end in combinations(range(len(text) + 1), 2):
        assert pieces.fits(text, start, end) == whole.fits(text, start, end), (text, start, end)


def test_half_a_word_at_either_side_of_white_space_is_no_token() -> None:
    bounds = Bounds(tokenize, cuts_at_space=True)
    text = "via HTTP here"
    assert [bounds.fits(text, *ends) for ends in ((4, 8), (4, 7), (5, 8))] == [True, False, False]
