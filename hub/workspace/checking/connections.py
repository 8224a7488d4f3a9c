"""What is wrong with connections beyond the keys of each: when they pull, how long they try, whom they share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from hub.contract.registry import connector_types
from hub.source import Location, Node, Problems, plain
from hub.workspace.connections import Connection
from hub.workspace.references import is_reference, scalars
from hub.workspace.secrets import report_hidden_secrets

LONGEST_RETRY: Final = timedelta(days=30)
"""A delivery that is tried for longer than that is waited for by nobody any more."""
SHORTEST_EVERY: Final = timedelta(seconds=1)
"""A counterpart that is asked more often than that takes it for an attack."""
LONGEST_EVERY: Final = timedelta(days=7)
"""Who waits longer means a schedule, or a slip of the unit."""


def check_connections(connections: Iterable[Connection], problems: Problems) -> None:
    """Report what is wrong with the connections of an environment; imports their connectors."""
    partners: dict[Any, Location] = {}
    for connection in connections:
        _check_retry(connection, problems)
        if is_known(connection):
            connection.check(problems)
            _check_secrets(connection, problems)
            _check_pulling(connection, problems)
            _check_partner(connection, partners, problems)


def is_known(connection: Connection) -> bool:
    """Whether its connector is there; one that is not is reported when its file is read."""
    return connection.spec.type in connector_types()


def _check_secrets(connection: Connection, problems: Problems) -> None:
    """Report what looks like a secret wherever it stands, unless its key told that it is one."""
    hidden = Problems()
    report_hidden_secrets(connection.node, hidden)
    reported = {problem.location for problem in problems}
    for problem in hidden:
        if problem.location not in reported:
            problems.error(problem.kind, problem.message, problem.location, problem.suggestion)


def _check_retry(connection: Connection, problems: Problems) -> None:
    retry = connection.spec.retry
    first, longest = retry.first.total_seconds(), retry.longest.total_seconds()
    lasting = timedelta(seconds=sum(min(first * 2.0**tries, longest) for tries in range(retry.attempts - 1)))
    if lasting > LONGEST_RETRY:
        message = f"a delivery would be tried for {lasting.days} days before it is a dead letter"
        problems.warning("endless-retry", message, connection.place("retry"), "lower attempts or longest")


def _check_pulling(connection: Connection, problems: Problems) -> None:
    if "pull" not in connection.connector.manifest.direction:
        for key in ("every", "schedule"):
            if connection.node.get(key) is not None:
                message = f"a connection of type {connection.spec.type!r} does not pull, so {key!r} means nothing"
                problems.error("not-allowed", message, connection.place(key), "leave it out")
    elif connection.spec.every < SHORTEST_EVERY:
        message = "it would be asked more than once a second"
        problems.warning("odd-interval", message, connection.place("every"), "write 1s or more")
    elif connection.spec.every > LONGEST_EVERY:
        message = f"it would be asked once in {connection.spec.every.days} days"
        problems.warning("odd-interval", message, connection.place("every"), "write a schedule, or a shorter time")


def _check_partner(connection: Connection, partners: dict[Any, Location], problems: Problems) -> None:
    """Report a connection whose keys that tell its counterpart are those of another: which of them is meant?"""
    partner = _partner_of(connection)
    if partner is None:
        return
    other = partners.setdefault(partner, connection.location)
    if other != connection.location:
        keys = " and ".join(connection.connector.partner)
        message = f"{keys} are those of another connection, at {other}"
        where = connection.place(connection.connector.partner[-1])
        problems.warning("same-partner", message, where, "one connection is one partner; give it ids of its own")


def _partner_of(connection: Connection) -> tuple[str, ...] | None:
    """The values of the keys that tell the counterpart, with their defaults; None if they are not all known."""
    values = []
    for key in connection.connector.partner:
        node = connection.node.get(key)
        if node is None or any(is_reference(one) for one in scalars(node)):
            return None
        values.append(_completed(connection, key, node))
    return (connection.spec.type, *values) if values and all(values) else None


def _completed(connection: Connection, key: str, node: Node) -> str:
    """A setting's value with what its model adds; empty if it is wrong, which is reported with its key."""
    annotation: Any = connection.connector.Config.model_fields[key].annotation
    try:
        return repr(TypeAdapter(annotation).validate_python(plain(node)))
    except ValidationError:
        return ""
