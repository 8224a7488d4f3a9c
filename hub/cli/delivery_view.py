"""Deliveries for people: what stopped comes first, each with its attempts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from hub.cli.output import at, indented, one_line, plain, state
from hub.operations.deliveries import Attempt, Delivery, Wait
from hub.operations.ids import short
from hub.operations.orders.standing import rank_of_state


def show_deliveries(console: Console, deliveries: Sequence[Delivery]) -> None:
    """The deliveries, dead letters first, then what is in doubt, under way and settled."""
    for one in sorted(deliveries, key=lambda one: -rank_of_state(one.state)):
        _show(console, one)


def _show(console: Console, one: Delivery) -> None:
    head = plain(f"{short(one.id)}  '{one.effect}' to {one.connection}  ") + state(one.state)
    _line(console, head, 2)
    if one.reason:
        _line(console, one_line(one.reason), 4)
    for wait in one.waits:
        _line(console, _wait(wait), 4)
    if one.failure is not None:
        _line(console, Text(f"what to do: crossdock failures show {short(one.failure)}", style="dim"), 4)
    for attempt in one.attempts:
        _line(console, _attempt(attempt), 4)
        if attempt.response:
            _line(console, Text("answer: ", style="dim") + one_line(attempt.response, most=200), 8)


def _wait(wait: Wait) -> Text:
    if wait.until is None:
        return plain(wait.text)
    return plain(f"{wait.text.replace('waits for its next try', 'next try at ' + at(wait.until).plain)}")


def _attempt(one: Attempt) -> Text:
    took = "" if one.ended_at is None else f" ({(one.ended_at - one.started_at).total_seconds():.2f} s)"
    note = f": {one.note}" if one.note else ""
    return Text(f"attempt {one.number}  {at(one.started_at).plain}{took}  ") + state(one.outcome) + one_line(note)


def _line(console: Console, text: Text, indent: int) -> None:
    console.print(indented(text, indent))
