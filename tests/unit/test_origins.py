import pytest

from dashboard.origins import is_allowed

OURS = {"hosts": ["localhost", ".example.org"], "trusted": ["https://watch.example.net"]}


@pytest.mark.parametrize(
    ("origin", "host", "secure"),
    [
        ("http://localhost:8000", "localhost:8000", False),
        ("https://a.example.org", "a.example.org", True),
        ("https://watch.example.net", "inner:8000", False),
    ],
)
def test_our_own_pages_and_the_trusted_ones_may_connect(origin: str, host: str, secure: bool) -> None:
    assert is_allowed(origin, host, secure=secure, **OURS)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "file://",
        "http://[",
        "http://evil.test",
        "http://localhost:8000.evil.test",
        "http://localhost:8000@evil.test",
        "http://user@localhost:8000",
        "http://localhost:9000",
        "http://localhost",
        "https://localhost:8000",
        "http://watch.example.net",
    ],
)
def test_every_other_origin_is_refused(origin: str | None) -> None:
    assert not is_allowed(origin, "localhost:8000", secure=False, **OURS)


def test_an_unencrypted_page_may_not_open_an_encrypted_socket() -> None:
    assert not is_allowed("http://a.example.org", "a.example.org", secure=True, **OURS)


def test_a_host_we_do_not_serve_is_refused_even_when_it_agrees_with_itself() -> None:
    assert not is_allowed("http://rebound.test", "rebound.test", secure=False, **OURS)
