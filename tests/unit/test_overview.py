from __future__ import annotations

from typing import Any

from streams import overview


def figures(name: str, verdict: str, severity: str, lag: int | None = 0) -> dict[str, Any]:
    judged = {"name": name, "path": name, "verdict": verdict, "severity": severity, "reason": "", "remedy": {}}
    group = {**judged, "name": f"{name}-group", "lag": lag, "lag_quality": "exact", "lag_reason": None, "pending": 3}
    return {**judged, "t": 1, "problem": None, "stream": {"length": 5, "in_per_s": None}, "groups": [group]}


ALL = [
    figures("a", "OK", "good"),
    figures("b", "UNKNOWN", "unknown"),
    figures("c", "NO_GROUP", "warning"),
    figures("d", "STUCK", "bad", lag=None),
    figures("e", "STOPPED", "bad", lag=7),
]


def names(**wanted: Any) -> list[str]:
    return [row["name"] for row in overview.listing(ALL, **wanted).rows]


def test_what_is_bad_comes_first_and_what_is_well_last() -> None:
    assert names() == ["e", "d", "c", "b", "a"]


def test_the_text_may_be_in_a_streams_or_a_groups_name() -> None:
    assert names(text="D-GROUP") == ["d"]


def test_a_cut_list_knows_how_many_match_and_how_many_there_are() -> None:
    found = overview.listing(ALL, severity="bad", limit=1, skip=1)
    assert ([row["name"] for row in found.rows], found.matching, found.total) == (["d"], 2, 5)
    assert found.severities == {"good": 1, "unknown": 1, "warning": 1, "bad": 2}


def test_an_unknown_lag_stays_unknown_in_the_list() -> None:
    row = next(row for row in overview.listing(ALL).rows if row["name"] == "d")
    assert row["lag"]["lag"] is None


def test_dead_letters_are_told_and_unknown_where_nobody_told_them() -> None:
    told = [{**ALL[0], "dead_letters": 4}, {**ALL[1], "dead_letters": None}, ALL[2]]
    assert [row["dead_letters"] for row in overview.listing(told).rows] == [None, None, 4]


def test_streams_that_do_not_exist_are_not_listed() -> None:
    assert overview.listing([{**ALL[0], "stream": None}]).total == 0
