"""A report as one HTML page, for whoever answers for the orders: no script, nothing from elsewhere."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from hub.operations.gate.report import Group, Kind, Report
from hub.operations.gate.words import HEADINGS, REMARKS, place_words
from hub.operations.ids import short
from hub.operations.previews import escape

_WORST: Final = frozenset((Kind.UNREAD, Kind.UNTAKEN, Kind.IDENTITY, Kind.FAILS, Kind.LOST))


def page_of(report: Report) -> str:
    """The page of a report."""
    template = _environment().get_template("page.html.jinja")
    return template.render(report=report, sections=_sections(report), headings=HEADINGS, remarks=REMARKS, worst=_WORST)


def _environment() -> Environment:
    """Everything that is filled in is escaped twice: for the reader, then for HTML."""
    environment = Environment(
        loader=PackageLoader("hub.operations.gate", ""),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    environment.filters["short"] = short
    return environment


def _readable(value: Any) -> Any:
    """Plain text without what could mislead its reader; what is HTML already was made of such text."""
    return escape(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _sections(report: Report) -> list[tuple[Kind, list[tuple[str, list[Group]]]]]:
    """By kind, the worst first; in each by connection, pipeline and mapping."""
    return [
        (kind, [(words, list(same)) for words, same in groupby(groups, key=place_words)])
        for kind, groups in groupby(report.groups, key=lambda group: group.kind)
    ]
