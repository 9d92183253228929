"""How many texts a pipeline reads at once."""

from techner.uptraining.pipeline import BATCH_CHARS, BATCH_SIZE, batches


def test_batch_of_long_texts_is_small_and_a_text_alone_may_be_longer() -> None:
    long = ["a" * (BATCH_CHARS // 2)] * 3 + ["b" * (2 * BATCH_CHARS), "c"]
    assert [len(batch) for batch in batches(long)] == [2, 1, 1, 1]


def test_short_texts_are_read_in_batches_of_one_size_and_in_their_order() -> None:
    texts = [str(number) for number in range(BATCH_SIZE + 2)]
    assert [*batches(texts)] == [texts[:BATCH_SIZE], texts[BATCH_SIZE:]]
