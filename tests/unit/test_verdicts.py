from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import health, judging, remedies
from streams.health import recalled
from streams.judging import RULES
from streams.snapshot import Consumer, Quality, Snapshot
from streams.thresholds import Thresholds
from streams.verdicts import ORDER, SEVERITY, Verdict
from streams.windows import StreamWindow
from tests.unit.looks import LIMITS, NOW, STEPS, At, snapshot, watched, window_of

LONG = LIMITS.span_ms + 60_000
QUIET = [Consumer(b"c", 0, 10, LONG)]
DEAD = [Consumer(b"gone", 5, LIMITS.dead_consumer_ms + 1, LIMITS.dead_consumer_ms + 1)]


def steps(**columns: tuple[int, int]) -> list[At]:
    """A full window in which the named figures run from the first to the last of the two values given."""
    looks = [At() for _ in range(STEPS)]
    for name, (first, last) in columns.items():
        for n, look in enumerate(looks):
            setattr(look, name, first + (last - first) * n // (STEPS - 1))
    return looks


def every(**values: Any) -> list[At]:
    return [replace(At(), **values) for _ in range(STEPS)]


def together(looks: list[At], **values: Any) -> list[At]:
    return [replace(look, **values) for look in looks]


def verdict(looks: Sequence[At], limits: Thresholds = LIMITS) -> Verdict:
    return judging.judge(window_of(looks, limits)).verdict


TABLE = {
    "entries trimmed before they were read": (every(added=1000, read=100, first=500), Verdict.LOST),
    "everything deleted before it was read": (every(added=1000, read=100, first=1001), Verdict.LOST),
    "a lag that nobody reads": (every(read=900, consumers=QUIET), Verdict.STOPPED),
    "a lag and no consumers at all": (every(read=900, consumers=[]), Verdict.STOPPED),
    "pending entries that nobody finishes": (every(pending=5, oldest=10), Verdict.STUCK),
    "deliveries without one acknowledgement": (
        together(steps(added=(1000, 1300), read=(1000, 1300), pending=(0, 300)), oldest=1000),
        Verdict.NOT_ACKING,
    ),
    "never acknowledged for hours": (
        together(steps(added=(1000, 1300), read=(1000, 1300), pending=(5000, 5300)), oldest=10),
        Verdict.NOT_ACKING,
    ),
    "a position that went back": (
        [*steps(added=(1000, 1000), read=(1000, 1000))[:-1], At(added=1000, read=400)],
        Verdict.REWOUND,
    ),
    "a lag that grows beyond both bands": (steps(added=(1000, 2000), read=(1000, 1100)), Verdict.FALLING_BEHIND),
    "trimming close behind an unread entry": (
        steps(added=(1000, 2000), first=(800, 1800), read=(820, 1820)),
        Verdict.TRIM_RISK,
    ),
    "an entry delivered again and again": (
        together(steps(added=(1000, 1300), read=(1000, 1300)), pending=1, oldest=999, deliveries=3),
        Verdict.POISON,
    ),
    "a dead consumer with entries": (
        together(steps(added=(1000, 1300), read=(1000, 1300)), pending=5, oldest=999, consumers=DEAD),
        Verdict.DEAD_CONSUMER,
    ),
    "a lag that shrinks": (steps(added=(2000, 2000), read=(1000, 1900)), Verdict.CATCHING_UP),
    "everything read": (every(), Verdict.OK),
    "a steady stream with a small lag": (steps(added=(2000, 2140), read=(1995, 2135)), Verdict.OK),
    "a lag that nobody can tell": (
        together(steps(added=(2000, 2140), read=(1900, 2040)), quality=Quality.UNKNOWN, counts=False),
        Verdict.UNKNOWN,
    ),
}


@pytest.mark.parametrize(("looks", "expected"), TABLE.values(), ids=TABLE.keys())
def test_each_situation_has_its_verdict(looks: list[At], expected: Verdict) -> None:
    found = judging.judge(window_of(looks))
    assert found.verdict is expected, found.reason


def test_the_table_has_every_verdict_of_a_group() -> None:
    assert {expected for _, expected in TABLE.values()} == set(Verdict) - {Verdict.NO_GROUP}


@pytest.mark.parametrize(("looks", "expected"), TABLE.values(), ids=TABLE.keys())
def test_a_bad_verdict_says_why_and_what_to_do(looks: list[At], expected: Verdict) -> None:
    found = judging.judge(window_of(looks))
    assert found.reason
    if SEVERITY[expected] in {"bad", "warning"}:
        assert found.evidence
        assert found.remedy.text
        assert found.remedy.link
        assert found.remedy.link.startswith("/")


def test_of_a_single_entry_it_is_said_that_it_waits_and_that_it_was_trimmed() -> None:
    assert judging.judge(window_of(every(read=999, consumers=QUIET))).reason.startswith("1 entry waits and none")
    trimmed = judging.judge(window_of(every(added=1000, read=100, first=102))).reason
    assert trimmed.startswith("at least 1 entry was trimmed")


def test_a_stream_with_entries_and_no_group_says_so() -> None:
    alone = replace(snapshot(0, At()), groups=())
    assert health.described([alone])["verdict"] == "NO_GROUP"


def test_an_empty_stream_without_a_group_is_well() -> None:
    empty = replace(snapshot(0, At(added=5, first=6)), groups=())
    assert health.described([empty])["verdict"] == "OK"


def test_a_key_that_is_no_stream_has_no_verdict() -> None:
    assert health.described([Snapshot(b"s", NOW, None, problem="a string")])["verdict"] == "UNKNOWN"


def test_a_stream_is_as_well_as_the_worst_of_its_groups() -> None:
    looks = [snapshot(n, At()) for n in range(STEPS)]
    stopped = [snapshot(n, at).groups[0] for n, at in enumerate(every(read=900, consumers=[]))]
    both = [
        replace(look, groups=(*look.groups, replace(bad, name=b"h"))) for look, bad in zip(looks, stopped, strict=True)
    ]
    plain = health.described(both)
    assert [group["verdict"] for group in plain["groups"]] == ["OK", "STOPPED"]
    assert plain["verdict"] == "STOPPED"
    assert plain["reason"].startswith("h: ")


def test_a_short_window_gives_no_verdict_but_what_one_look_proves() -> None:
    assert verdict(every(read=900, consumers=[])[:5]) is Verdict.UNKNOWN
    assert verdict(every(read=100, first=500)[:1]) is Verdict.LOST
    assert verdict(every(pending=1, oldest=999, deliveries=9)[:1]) is Verdict.POISON


def test_a_consumer_that_had_success_is_not_stopped() -> None:
    assert verdict(every(read=900)) is not Verdict.STOPPED


def test_a_small_lag_within_the_allowance_is_not_stopped() -> None:
    assert verdict(every(read=990, consumers=[]), replace(LIMITS, lag_allowance=20)) is Verdict.OK


def test_young_pending_entries_are_not_stuck() -> None:
    assert verdict(every(pending=5, oldest=1999)) is Verdict.OK


def test_one_acknowledgement_is_enough_not_to_be_called_never_acknowledging() -> None:
    looks = together(steps(added=(1000, 1300), read=(1000, 1300), pending=(0, 299)), oldest=1000)
    assert verdict(looks) is not Verdict.NOT_ACKING


def test_a_position_that_has_recovered_is_not_rewound_any_more() -> None:
    assert verdict([*every()[:5], At(read=400), *every()[:10]]) is Verdict.OK


def test_a_lag_that_grows_within_the_dead_band_is_well() -> None:
    assert verdict(steps(added=(1000, 1250), read=(1000, 1190))) is Verdict.OK


def test_growth_in_entries_alone_is_no_alarm_where_ids_are_times() -> None:
    slow = steps(added=(1000, 2000), read=(1000, 1000 + 880))
    assert verdict(slow, replace(LIMITS, growth_ms=10**9)) is Verdict.OK


def test_a_capped_count_never_looks_like_growth() -> None:
    looks = together(steps(added=(1000, 3000), read=(900, 2900)), quality=Quality.AT_LEAST, lag=500)
    assert verdict(looks) is not Verdict.FALLING_BEHIND


def test_a_stream_that_nobody_trims_is_at_no_risk() -> None:
    assert verdict(steps(added=(1000, 1400), read=(900, 1300))) is not Verdict.TRIM_RISK


def test_a_group_made_on_a_trimmed_stream_has_lost_nothing() -> None:
    assert verdict(together(every(first=500, read=0), counts=False, consumers=[])) is Verdict.STOPPED


def test_an_unread_entry_that_vanished_is_a_loss_even_where_the_server_counts_nothing() -> None:
    looks = [At(read=100, counts=False), At(read=100, first=500, counts=False)]
    assert verdict(looks) is Verdict.LOST


def test_trimming_right_up_to_what_was_read_loses_nothing() -> None:
    assert verdict(every(added=1000, read=500, first=501, consumers=[])) is Verdict.STOPPED


def test_a_loss_is_remembered_for_the_window() -> None:
    looks = [At(added=1000, read=100, first=500), *every()[:5]]
    assert verdict(looks) is Verdict.LOST


def test_on_servers_without_inactive_idle_is_the_last_success() -> None:
    old = [Consumer(b"c", 0, LONG, None)]
    assert verdict(every(read=900, consumers=old)) is Verdict.STOPPED


def test_a_dead_consumer_that_still_asks_is_told_from_one_that_is_gone() -> None:
    asking = [Consumer(b"c", 5, 100, LIMITS.dead_consumer_ms + 1)]
    looks = together(steps(added=(1000, 1300), read=(1000, 1300)), pending=5, oldest=999, consumers=asking)
    assert "still asks" in judging.judge(window_of(looks)).reason


def test_every_verdict_has_a_severity_and_a_place() -> None:
    assert set(SEVERITY) == set(Verdict)
    assert [str(v) for v in ORDER][:2] == ["NO_GROUP", "LOST"]
    assert ORDER[-1] is Verdict.UNKNOWN


_numbers = st.integers(0, 2000)
_looks = st.lists(
    st.builds(
        At,
        added=st.integers(1, 2000),
        first=st.integers(1, 2001),
        read=_numbers,
        pending=st.integers(0, 50),
        oldest=st.one_of(st.none(), st.integers(1, 2000)),
        deliveries=st.one_of(st.none(), st.integers(0, 9)),
        counts=st.booleans(),
        quality=st.sampled_from(Quality),
        consumers=st.sampled_from([[], QUIET, DEAD]),
    ),
    min_size=1,
    max_size=STEPS + 3,
)


@given(_looks)
def test_whatever_is_seen_there_is_one_verdict_and_it_is_the_first_that_applies(looks: list[At]) -> None:
    window = window_of(looks)
    applying = [found.verdict for rule in RULES if (found := rule(window))]
    found = judging.judge(window)
    assert found.verdict is (applying[0] if applying else Verdict.UNKNOWN)
    assert applying == sorted(applying, key=ORDER.index)
    assert found.reason


@given(_looks)
def test_figures_of_any_window_are_plain_and_come_back_as_the_same_snapshot(looks: list[At]) -> None:
    window = watched(looks)
    plain = json.loads(json.dumps(health.describe(window)))
    assert recalled(plain) == window.newest


@given(_looks)
def test_a_window_recalled_by_another_monitor_judges_the_same(looks: list[At]) -> None:
    first, second = watched(looks), StreamWindow(LIMITS)
    for step in range(len(looks)):
        second.take(recalled(health.describe(watched(looks[: step + 1]))))
    assert health.describe(second) == health.describe(first)


def test_names_of_any_bytes_are_safe_in_links_and_commands() -> None:
    remedy = remedies.take_over(b"a b/<script>", b"'; rm -rf /", b"\xff\n")
    assert remedy.link
    assert "<" not in remedy.link
    assert " " not in remedy.link
    assert remedy.command
    assert "\n" not in remedy.command


FIXTURES = sorted((Path(__file__).parent / "windows").glob("*.json"))


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_windows_recorded_from_real_servers_keep_their_verdict(path: Path) -> None:
    recorded = json.loads(path.read_text())
    limits = Thresholds(**recorded["thresholds"])
    plain = health.described([recalled(look) for look in recorded["looks"]], limits)
    assert plain["verdict"] == recorded["verdict"]
