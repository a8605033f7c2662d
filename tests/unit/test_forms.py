"""The admin's forms read text; names typed as they are shown mean the bytes behind them."""

import pytest

from streams.act_forms import ClaimForm
from streams.forms import CreateGroupForm
from streams.names import meant


def filled(**changes: str) -> CreateGroupForm:
    data = {"stream": "s", "group": "g", "start": "beginning", "at": "", "create_stream": "on", **changes}
    return CreateGroupForm(data)


def test_an_id_or_time_is_wanted_when_the_start_says_so() -> None:
    form = filled(start="at")
    assert not form.is_valid()
    assert list(form.errors) == ["at"]


def test_a_time_becomes_the_id_just_before_it() -> None:
    form = filled(start="at", at="2023-11-14T22:13:20Z")
    assert form.is_valid()
    assert form.position() == "1699999999999-18446744073709551615"


def test_the_text_is_left_alone_when_the_start_is_a_word() -> None:
    form = filled(start="now", at="nonsense")
    assert form.is_valid()
    assert form.position() == "now"


def test_blanks_around_a_name_belong_to_it() -> None:
    form = filled(group=" g ")
    assert form.is_valid()
    assert form.cleaned_data["group"] == " g "


def test_a_wrong_minimum_is_told_beside_its_field() -> None:
    form = ClaimForm({"consumer": "c", "min_idle": "90"})
    assert not form.is_valid()
    assert list(form.errors) == ["min_idle"]


@pytest.mark.parametrize(
    ("text", "existing", "name"),
    [
        ("plain", [], b"plain"),
        ("\\xff", [b"\xff"], b"\xff"),
        ("\\xff", [], b"\\xff"),
        ("é", [b"\xff", "é".encode()], "é".encode()),
    ],
)
def test_a_typed_name_means_the_existing_one_shown_like_it(text: str, existing: list[bytes], name: bytes) -> None:
    assert meant(text, existing) == name
