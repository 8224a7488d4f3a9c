"""References: the business numbers of subjects."""

from __future__ import annotations

from sqlalchemy import Connection, select

from hub.store.tables import reference


def number_of_subject(connection: Connection, known: tuple[str, str, str, str], system: str, kind: str) -> str | None:
    """The latest number of `kind` in `system` of the subject that has the number `known`."""
    owner = (
        select(reference.c.subject)
        .where(
            reference.c.system == known[0],
            reference.c.kind == known[1],
            reference.c.scope == known[2],
            reference.c.value == known[3],
        )
        .scalar_subquery()
    )
    statement = (
        select(reference.c.value)
        .where(reference.c.subject == owner, reference.c.system == system, reference.c.kind == kind)
        .order_by(reference.c.at.desc(), reference.c.value.desc())
        .limit(1)
    )
    value: str | None = connection.execute(statement).scalar()
    return value


def numbers_of(connection: Connection, subjects: list[str]) -> dict[str, dict[tuple[str, str], str]]:
    """For each subject its latest number by (system, kind)."""
    found: dict[str, dict[tuple[str, str], str]] = {subject: {} for subject in subjects}
    if subjects:
        chosen = select(reference).where(reference.c.subject.in_(subjects))
        for row in connection.execute(chosen.order_by(reference.c.at, reference.c.value)):
            found[row.subject][(row.system, row.kind)] = row.value
    return found
