import pytest

from streams.wording import are, counted, entries, letters, were


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (entries(0), "0 entries"),
        (entries(1), "1 entry"),
        (entries(1, "pending"), "1 pending entry"),
        (entries(12_000, "pending"), "12,000 pending entries"),
        (letters(1), "1 dead letter"),
        (letters(2), "2 dead letters"),
        (counted(1, "consumer"), "1 consumer"),
        (counted(1_000, "consumer"), "1,000 consumers"),
        (are(1), "is"),
        (are(2), "are"),
        (were(1), "was"),
        (were(0), "were"),
    ],
)
def test_one_is_told_as_one_and_any_other_number_as_many(said: str, text: str) -> None:
    assert said == text
