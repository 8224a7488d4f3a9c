"""The history of an order in words: what each event of the ledger says to a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.contract.values import from_scaled
from hub.operations.ids import short
from hub.operations.rows import moment, money_words
from hub.store.statements import loads
from hub.store.tables import event

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. `text` says it in words, `data` holds it as recorded."""

    seq: int
    at: datetime
    kind: str
    text: str
    actor: str
    cause: str
    config_version: str
    data: Data


def read_timeline(connection: Connection, subject: str) -> list[Entry]:
    """Everything that happened to a subject, in order."""
    statement = select(event).where(event.c.subject == subject).order_by(event.c.seq)
    entries = []
    for row in connection.execute(statement):
        data: Data = loads(row.data)
        text = words_of(row.kind, data)
        entries.append(Entry(row.seq, moment(row.at), row.kind, text, row.actor, row.cause, row.config_version, data))
    return entries


def words_of(kind: str, data: Data) -> str:
    """One event in words; its kind where there are none for it."""
    words = _WORDS.get(kind)
    return kind.replace(".", " ").replace("_", " ") if words is None else words(data)


def _captured(data: Data) -> str:
    return f"Order {data['number']} came from {data['source']}: {_lines(data)}"


def _changed(data: Data) -> str:
    return f"{data['source']} changed the order: {_lines(data)}"


def _lines(data: Data) -> str:
    count = len(data["lines"])
    total = "" if data["total"] is None else f", {money_words(from_scaled(data['total']), data['currency'])}"
    return f"{count} line{'' if count == 1 else 's'}{total}"


def _cancelled(data: Data) -> str:
    return f"{data['source']} cancelled the order"


def _acknowledged(data: Data) -> str:
    counts: dict[str, int] = {}
    for line in data["lines"]:
        counts[line["status"]] = counts.get(line["status"], 0) + 1
    decided = ", ".join(f"{count} {status}" for status, count in counts.items())
    number = f" as {data['number']}" if data["number"] else ""
    return f"{data['system']} answered the order{number}: {decided}"


def _references(data: Data) -> str:
    known = ", ".join(f"{system} {kind} {value}" for system, kind, _scope, value in data["references"])
    return f"Known by {known}"


def _refused_reference(data: Data) -> str:
    system, kind, _scope, value = data["reference"]
    return f"The number {system} {kind} {value} was not taken: it belongs to another order ({short(data['subject'])})"


def _planned(data: Data) -> str:
    return f"'{data['effect']}' to {data['to']} was planned ({short(data['delivery'])})"


def _delivered(data: Data) -> str:
    return f"'{data['effect']}' was delivered to {data['to']} ({short(data['delivery'])})"


def _unfit_reference(data: Data) -> str:
    system, kind, _scope, value = data["reference"]
    return f"The {kind} {value!r} of {system} cannot be kept: it {data['reason']}"


def _trouble(data: Data) -> str:
    states = {"failed": "failed", "in doubt": "is in doubt", "dropped": "was dropped", "shadowed": "was not sent"}
    happened = states.get(data["state"], data["state"])
    reason = f": {data['reason']}" if data["reason"] else ""
    return f"The delivery to {data['system']} {happened} ({short(data['delivery'])}){reason}"


def _resumed(data: Data) -> str:
    modes = {"reprocess": "is made anew", "resend": "is sent again as it was", "not-delivered": "is sent again"}
    return f"The delivery to {data['system']} {modes[data['mode']]} ({short(data['delivery'])})"


def _document(said: str) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        reason = data.get("reason")
        ending = f": {reason}" if reason else ""
        return f"A document {said} ({short(data['document'])}){ending}"

    return words


def _answered(data: Data) -> str:  # noqa: ARG001 - one signature for all words
    return "All lines are answered; the buyer is told"


def _released(data: Data) -> str:
    count = len(data["lines"])
    return f"{data['node']} is asked to ship {count} line{'' if count == 1 else 's'} ({data['request']})"


def _withdrawn(data: Data) -> str:
    return f"{data['node']} is told not to ship {data['request']}"


def _stage(said: str) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        packages = f", {data['packages']} packages" if data["packages"] > 1 else ""
        reason = f": {data['reason']}" if data["reason"] else ""
        return f"{data['system']} {said} {data['request']}{packages}{reason}"

    return words


def _shipped(data: Data) -> str:
    where = f" from {data['node']}" if data["node"] else ""
    with_ = f" with {data['carrier']}" if data["carrier"] else ""
    tracking = f", tracking {', '.join(data['tracking'])}" if data["tracking"] else ""
    return f"Shipment {data['shipment']} left{where}{with_}{tracking}"


def _transit(said: str) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        where = f" in {data['place']}" if data["place"] else ""
        detail = f": {data['detail']}" if data["detail"] else ""
        return f"Parcel {data['tracking']} {said}{where}{detail}"

    return words


def _charged(said: str) -> Callable[[Data], str]:
    return lambda data: f"{said} {data['number']}, {money_words(from_scaled(data['total']), data['currency'])}"


def _return(said: str) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        reason = f": {data['reason']}" if data.get("reason") else ""
        return f"Return {data['return']} {said}{reason}"

    return words


def _transmission(said: str) -> Callable[[Data], str]:
    def words(data: Data) -> str:
        faults = f": {', '.join(data['faults'])}" if data["faults"] else ""
        return f"{data['system']} {said} the {data['type']} of group {data['group']}{faults}"

    return words


_WORDS: dict[str, Callable[[Data], str]] = {
    "order.captured": _captured,
    "order.changed": _changed,
    "order.cancelled": _cancelled,
    "order.acknowledged": _acknowledged,
    "order.answered": _answered,
    "order.released": _released,
    "order.withdrawn": _withdrawn,
    "order.received": _stage("has"),
    "order.picked": _stage("picked"),
    "order.packed": _stage("packed"),
    "order.short": _stage("is short of"),
    "order.refused": _stage("refuses"),
    "order.shipped": _shipped,
    "order.labelled": _transit("has its label"),
    "order.in_transit": _transit("is under way"),
    "order.out_for_delivery": _transit("is out for delivery"),
    "order.delivered": _transit("was delivered"),
    "order.exception": _transit("has a problem"),
    "order.returned_to_sender": _transit("goes back to its sender"),
    "order.invoiced": _charged("Invoice"),
    "order.credited": _charged("Credit note"),
    "order.return_requested": _return("was asked for"),
    "order.return_authorized": _return("is authorized"),
    "order.return_declined": _return("was declined"),
    "order.return_cancelled": _return("was called off"),
    "order.return_received": _return("came back"),
    "transmission.accepted": _transmission("could read"),
    "transmission.rejected": _transmission("could not read"),
    "references.added": _references,
    "references.refused": _refused_reference,
    "references.unfit": _unfit_reference,
    "delivery.planned": _planned,
    "delivery.delivered": _delivered,
    "delivery.failed": _trouble,
    "delivery.in_doubt": _trouble,
    "delivery.dropped": _trouble,
    "delivery.resumed": _resumed,
    "document.filtered": _document("was not taken"),
    "document.duplicate": _document("said nothing new"),
    "document.superseded": _document("was superseded by a newer one"),
    "document.waiting": _document("waits"),
    "document.quarantined": _document("is kept aside"),
    "document.dead": _document("failed"),
}
