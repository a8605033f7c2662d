import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import names


@given(st.binary(max_size=200))
def test_any_name_survives_the_way_through_a_path(name: bytes) -> None:
    segment = names.to_path(name)
    assert names.from_path(segment) == name
    assert "/" not in segment
    assert segment not in {"", ".", ".."}


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_two_names_never_share_a_path(one: bytes, other: bytes) -> None:
    assert (names.to_path(one) == names.to_path(other)) == (one == other)


def test_a_plain_name_stands_as_it_is() -> None:
    assert names.to_path(b"sensor_stream:v1.2-x") == "sensor_stream:v1.2-x"


def test_a_long_name_becomes_a_digest_that_must_be_looked_up() -> None:
    segment = names.to_path(b"x" * 100_000)
    assert names.is_digest(segment)
    assert len(segment) < 100
    with pytest.raises(ValueError, match="looked up"):
        names.from_path(segment)


@pytest.mark.parametrize("segment", ["~!!", "~a", "~é"])
def test_a_path_that_no_name_makes_is_refused(segment: str) -> None:
    with pytest.raises(ValueError, match="not an encoded name"):
        names.from_path(segment)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"kitchen", "kitchen"),
        ("Küche".encode(), "Küche"),
        (b"\xff\x00", "\\xff\\x00"),
        (b"a\nb\t", "a\\nb\\t"),
        ("\u202egnp.exe".encode(), "\\u202egnp.exe"),
    ],
)
def test_bytes_are_shown_without_anything_invisible(value: bytes, text: str) -> None:
    assert names.shown(value) == text


@pytest.mark.parametrize(
    ("segment", "path", "shown"),
    [
        ("kitchen", "kitchen", "kitchen"),
        ("a b", "~YSBi", "a b"),
        ("\0", "~AA", "\\x00"),
        ("~AA", "~AA", "\\x00"),
        ("~\0", "~\\x00", "~\\x00"),
        ("~~ab", "~~ab", "~~ab"),
        ("~~\0", "~~\\x00", "~~\\x00"),
    ],
)
def test_whatever_a_segment_is_tables_are_asked_for_it_as_they_keep_it(segment: str, path: str, shown: str) -> None:
    assert names.as_kept(segment) == (path, shown)


@given(st.text())
def test_no_text_brings_a_nul_into_a_table(text: str) -> None:
    assert "\0" not in names.plain_text(text) + "".join(names.as_kept(text))


def test_our_keys_live_in_the_streams_own_hash_slot() -> None:
    assert names.beside(b"sensor_stream", "frames") == b"{sensor_stream}:frames"
    assert names.beside(b"site:{a}:s", "dead") == b"site:{a}:s:dead"


@pytest.mark.parametrize("stream", [b"a}b", b"{}x", b"a{b", b"}{"])
def test_braces_that_are_no_hash_tag_are_noticed(stream: bytes) -> None:
    assert names.is_ambiguous(stream)


@pytest.mark.parametrize("stream", [b"plain", b"{tag}x", b"a{b}c"])
def test_names_without_braces_or_with_a_hash_tag_are_fine(stream: bytes) -> None:
    assert not names.is_ambiguous(stream)


def test_our_own_logs_are_told_from_other_streams() -> None:
    assert names.is_ours(b"{s}:frames", b"streamwatch")
    assert names.is_ours(b"streamwatch:health", b"streamwatch")
    assert not names.is_ours(b"video:frames", b"streamwatch")
