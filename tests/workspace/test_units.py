"""Values with units, as people write them in configuration files."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.workspace.units import Address, parse_address, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("1.5h", timedelta(minutes=90)),
        (" 15m ", timedelta(minutes=15)),
        ("2d", timedelta(days=2)),
        ("366d", timedelta(days=366)),
    ],
)
def test_a_time_span_has_one_unit(text: str, duration: timedelta):
    assert parse_duration(text) == duration


@pytest.mark.parametrize("value", ["30", 30, "", "s", "-5s", "+5s", "1h30m", "1e3s", "0s", "367d", "5 w", "٣s", None])
def test_what_is_no_time_span_is_refused(value: object):
    with pytest.raises(ValueError, match=r"not a time span|out of range"):
        parse_duration(value)


@given(st.text(max_size=20))
def test_any_text_is_a_time_span_or_refused(text: str):
    try:
        assert parse_duration(text) > timedelta(0)
    except ValueError as error:
        assert text.strip() in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8400", Address("127.0.0.1", 8400)),
        ("[::1]:0", Address("::1", 0)),
        ("hub.example:65535", Address("hub.example", 65535)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: Address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "value", ["8400", 8400, ":8400", "host", "host:", "host:70000", "::1:80", "http://h:80", "h:8 0"]
)
def test_what_is_no_address_is_refused(value: object):
    with pytest.raises(ValueError, match="host:port"):
        parse_address(value)
