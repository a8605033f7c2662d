from pathlib import Path

import pytest

from streams import conf
from streams.errors import Unreachable
from streams.parsing import Environment, Retain
from streams.readings import Shape
from streams.thresholds import Thresholds


def read(tmp_path: Path, **environ: str) -> conf.Config:
    return conf.read({"VAR_DIR": str(tmp_path), **environ})


def test_an_empty_environment_gives_the_defaults(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert (config.stream, config.group, config.port, config.debug) == (b"sensor_stream", b"my_group", 8000, False)
    assert config.problems == ()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://host:port"),
        ("DEBUG", "maybe"),
        ("PORT", "99999"),
        ("PORT", "x"),
        ("CLAIM_IDLE_MS", "0"),
        ("CLAIM_IDLE_MS", "-5"),
        ("CSRF_TRUSTED_ORIGINS", "example.org"),
        ("STREAM", "a}b"),
        ("READING", "temperature"),
        ("UNITS", "temperature"),
        ("HANDLER", "handle"),
        ("HANDLER", "my app.handle"),
        ("MAX_DELIVERIES", "0"),
        ("RETAIN", "0"),
        ("RETAIN", "much"),
        ("RETAIN", "0d"),
        ("THRESHOLDS", "stuck"),
        ("THRESHOLDS", "stuk=5m"),
        ("THRESHOLDS", "stuck=5"),
        ("THRESHOLDS", "samples=2"),
        ("THRESHOLDS", "step=0"),
        ("THRESHOLDS", "poison_deliveries=many"),
        ("HEALTH_MAX_BYTES", "0"),
        ("PUBLIC_URL", "streams.example.org"),
        ("METRICS_CONSUMERS", "some"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "smtp://"),
        ("ENVIRONMENT", "production:pink"),
        ("ENVIRONMENT", ":red"),
        ("EMAIL_URL", "submission://host:port"),
        ("SOCKETS", "0"),
        ("SOCKETS_PER_USER", "some"),
        ("STALLED_MS", "-1"),
        ("WEBSOCKET_DEFLATE", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_a_hint_and_the_default_kept(
    tmp_path: Path, setting: str, value: str
) -> None:
    config = read(tmp_path, **{setting: value})
    (problem,) = config.problems
    assert problem.setting == setting
    assert problem.text.startswith(setting)
    assert problem.hint


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("on", True), ("0", False), ("No", False)])
def test_a_switch_takes_words_and_digits(tmp_path: Path, text: str, value: bool) -> None:
    assert read(tmp_path, DEBUG=text).debug is value


def test_the_fields_of_a_reading_can_be_named(tmp_path: Path) -> None:
    config = read(tmp_path, READING="device:watt", UNITS="watt=W")
    assert config.shape == Shape(b"device", (b"watt",))
    assert config.units == {"watt": "W"}


@pytest.mark.parametrize(("text", "retain"), [("1000", Retain(entries=1000)), ("7d", Retain(age_ms=7 * 86_400_000))])
def test_how_much_is_kept_is_a_number_of_entries_or_an_age(tmp_path: Path, text: str, retain: Retain) -> None:
    assert read(tmp_path, RETAIN=text).retain == retain


def test_the_signing_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert first.secret_key not in repr(first)


def test_without_an_address_the_running_demos_server_is_used(tmp_path: Path) -> None:
    config = read(tmp_path)
    with pytest.raises(Unreachable, match="no demo is running"):
        config.server_url()
    config.embedded_url_file.parent.mkdir()
    config.embedded_url_file.write_text("redis://127.0.0.1:5/0\n")
    assert config.server_url() == "redis://127.0.0.1:5/0"


def test_a_configured_address_wins(tmp_path: Path) -> None:
    assert read(tmp_path, REDIS_URL="redis://db:6379/0").server_url() == "redis://db:6379/0"


def test_bounds_of_the_verdicts_can_be_set_by_name_and_the_others_stay(tmp_path: Path) -> None:
    limits = read(tmp_path, THRESHOLDS="stuck=10m, poison_deliveries=9").thresholds
    default = Thresholds()
    assert (limits.stuck_ms, limits.poison_deliveries) == (600_000, 9)
    assert (limits.samples, limits.room_ms) == (default.samples, default.room_ms)


def test_patterns_choose_what_is_watched(tmp_path: Path) -> None:
    assert read(tmp_path).watch == ("*",)
    config = read(tmp_path, WATCH="orders:*, jobs", WATCH_EXCLUDE="*:tmp")
    assert (config.watch, config.watch_exclude) == (("orders:*", "jobs"), ("*:tmp",))


def test_addresses_of_site_and_mail_are_taken_as_they_are(tmp_path: Path) -> None:
    config = read(tmp_path, PUBLIC_URL="https://s.example.org/", EMAIL_URL="submission://u:p@mail.example.org:587")
    assert config.problems == ()
    assert config.public_url == "https://s.example.org"
    assert config.email_url == "submission://u:p@mail.example.org:587"


@pytest.mark.parametrize(
    ("text", "name", "colour"), [("production:red", "production", "red"), ("test", "test", "grey")]
)
def test_an_installation_has_a_name_and_a_colour(tmp_path: Path, text: str, name: str, colour: str) -> None:
    assert read(tmp_path, ENVIRONMENT=text).environment == Environment(name, colour)


def test_what_a_live_page_may_take_can_be_set(tmp_path: Path) -> None:
    config = read(tmp_path, SOCKETS="7", SOCKETS_PER_USER="2", STALLED_MS="1500", WEBSOCKET_DEFLATE="1")
    assert (config.sockets, config.sockets_per_user, config.stalled_ms, config.websocket_deflate) == (7, 2, 1500, True)
    assert config.problems == ()
