"""Schedules: times of cron in a zone, checked when the configuration is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from hub.workspace.schedule import Schedule


def times(schedule: Schedule, after: datetime, count: int) -> list[str]:
    found = []
    for _ in range(count):
        after = schedule.next_after(after)
        found.append(after.isoformat(timespec="minutes"))
    return found


def test_times_are_those_of_the_zone():
    schedule = Schedule(cron="30 2 * * mon-fri", zone="Europe/Berlin")

    assert times(schedule, datetime(2026, 1, 16, 12, tzinfo=UTC), 2) == [
        "2026-01-19T01:30+00:00",
        "2026-01-20T01:30+00:00",
    ]


def test_a_time_that_the_clock_skips_comes_right_after():
    schedule = Schedule(cron="30 2 * * *", zone="Europe/Berlin")

    assert times(schedule, datetime(2026, 3, 28, 12, tzinfo=UTC), 2) == [
        "2026-03-29T01:00+00:00",
        "2026-03-30T00:30+00:00",
    ]


def test_a_time_that_the_clock_shows_twice_comes_once():
    schedule = Schedule(cron="30 2 * * *", zone="Europe/Berlin")

    assert times(schedule, datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == [
        "2026-10-25T00:30+00:00",
        "2026-10-26T01:30+00:00",
    ]


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("61 * * * *", "bad minute"),
        ("0 2", "wrong number of fields"),
        ("0 30 2 * * *", "wrong number of fields"),
        ("*/5 * * * * *", "wrong number of fields"),
        ("0 0 30 2 *", "bad day"),
        ("nightly", "no time of cron"),
    ],
)
def test_what_is_no_time_is_refused(cron, reason):
    with pytest.raises(ValidationError, match=reason):
        Schedule(cron=cron)


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "../etc/passwd", "/etc/localtime"])
def test_what_is_no_zone_is_refused(zone):
    with pytest.raises(ValidationError, match="no zone of the IANA database"):
        Schedule(cron="0 2 * * *", zone=zone)
