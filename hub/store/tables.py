"""The tables. Ids are UUIDv7 text made by the application; times are microseconds since 1970
UTC; money and quantities are BIGINT times 10**6; JSON is text.

What arrives: `message`, `body`, `seen`. What it became: `document`. What it is about:
`subject`, `reference`, `event`, and the heads that can be rebuilt from events (`order_head`,
`order_line`, `order_system`, `stock_level`). What goes out: `delivery`, `transmission`, `attempt`. What
failed: `failure`, `replay`, `replay_item`. What the hub runs on: `config_*`, `crosswalk_row`,
`connection_state`, `sequence`, `lease`, `process`, `setting`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _partial_index(name: str, where: str, *columns: Column[Any]) -> None:
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _id() -> String:
    return String(36)


def _name() -> String:
    return String(200)


message = Table(
    "message",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("connection", _name(), nullable=False),
    Column("type", _name(), nullable=False),
    Column("name", String(500), nullable=False),
    Column("content_type", _name(), nullable=False),
    Column("headers", Text, nullable=False),
    Column("transport_key", String(1000), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    # How many of its trees are settled: a large message drains piece by piece.
    Column("cursor", Integer, nullable=False),
    Column("drained_at", BigInteger),
    Column("lease_owner", _name()),
    Column("lease_until", BigInteger),
    Column("fence", Integer, nullable=False),
    # How often it was claimed since it last got anywhere.
    Column("claims", Integer, nullable=False),
)
_partial_index("ix_message_due", "state IN ('received')", message.c.received_at, message.c.id)
Index("ix_message_name", message.c.name)
Index("ix_message_received", message.c.received_at, message.c.id)

body = Table(
    "body",
    metadata,
    # The message or transmission it belongs to.
    Column("owner", _id(), nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("owner", "chunk"),
)

# Both levels of deduplication; rows outlive the messages they came from.
seen = Table(
    "seen",
    metadata,
    Column("scope", _name(), nullable=False),
    Column("key", String(1100), nullable=False),
    Column("first", _id(), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("scope", "key"),
)

subject = Table(
    "subject",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("kind", String(40), nullable=False),
    # The last number given to an event; the row's lock orders everything about the subject.
    Column("seq", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

reference = Table(
    "reference",
    metadata,
    Column("system", _name(), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("scope", _name(), nullable=False),
    Column("value", _name(), nullable=False),
    Column("subject", _id(), ForeignKey("subject.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "kind", "scope", "value"),
    Index("ix_reference_value", "value"),
    Index("ix_reference_subject", "subject"),
)

# What each source last said of a subject, per kind of document.
subject_source = Table(
    "subject_source",
    metadata,
    Column("subject", _id(), ForeignKey("subject.id"), nullable=False),
    Column("source", _name(), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("revision", String(220), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", _id(), nullable=False),
    PrimaryKeyConstraint("subject", "source", "kind"),
)

document = Table(
    "document",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("message", _id(), ForeignKey("message.id"), nullable=False),
    # The document that made the ledger make this one; it then has that one's message and ordinal.
    Column("cause", _id()),
    # Its number among the message's trees, and that place in words for people.
    Column("ordinal", Integer, nullable=False),
    Column("position", _name(), nullable=False),
    Column("subject", _id(), ForeignKey("subject.id")),
    Column("seq", Integer),
    Column("kind", String(40)),
    Column("version", Integer, nullable=False),
    Column("intent", String(16)),
    Column("source", _name(), nullable=False),
    Column("source_id", _name()),
    Column("revision", String(220)),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("effect", String(40)),
    Column("pipeline", _name()),
    Column("mapping", _name()),
    Column("config_version", String(64), nullable=False),
    Column("lookups", Text),
    Column("digest", String(64)),
    # zlib of the canonical JSON.
    Column("content", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("waiting_until", BigInteger),
    Index("ix_document_message", "message"),
    Index("ix_document_subject", "subject", "seq"),
)
_partial_index("ix_document_open", "state IN ('waiting', 'dead', 'quarantined')", document.c.subject, document.c.seq)

# Documents that wait for a reference to become known.
awaited = Table(
    "awaited",
    metadata,
    Column("document", _id(), ForeignKey("document.id"), primary_key=True),
    Column("system", _name(), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("scope", _name(), nullable=False),
    Column("value", _name(), nullable=False),
    Index("ix_awaited_value", "value", "system", "kind", "scope"),
)

event = Table(
    "event",
    metadata,
    Column("subject", _id(), ForeignKey("subject.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    # The document or delivery that made it.
    Column("cause", _id(), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("data", Text, nullable=False),
    Column("actor", _name(), nullable=False),
    Column("config_version", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "seq"),
)

order_head = Table(
    "order_head",
    metadata,
    Column("subject", _id(), ForeignKey("subject.id"), primary_key=True),
    Column("number", _name(), nullable=False),
    Column("source", _name(), nullable=False),
    Column("status", String(40), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total", BigInteger),
    Column("ordered_at", BigInteger),
    Column("changed_at", BigInteger, nullable=False),
    # JSON: requests to nodes, shipments, parcels, returns, invoices and credits; null while there are none.
    Column("progress", Text),
    Index("ix_order_head_number", "number"),
    Index("ix_order_head_changed", "changed_at", "subject"),
)

order_line = Table(
    "order_line",
    metadata,
    Column("subject", _id(), ForeignKey("subject.id"), nullable=False),
    Column("line", _name(), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("sku", _name()),
    Column("quantity", BigInteger, nullable=False),
    Column("unit", String(3), nullable=False),
    Column("status", String(40), nullable=False),
    Column("confirmed", BigInteger),
    Column("promised_on", String(10)),
    Column("released", BigInteger, nullable=False),
    Column("shipped", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "line"),
    Index("ix_order_line_sku", "sku"),
)

# The last known stock of an article at a node, as one system counts it.
stock_level = Table(
    "stock_level",
    metadata,
    Column("subject", _id(), ForeignKey("subject.id"), primary_key=True),
    Column("source", _name(), nullable=False),
    Column("node", _name(), nullable=False),
    Column("sku", _name(), nullable=False),
    Column("unit", String(3), nullable=False),
    Column("on_hand", BigInteger),
    Column("available", BigInteger, nullable=False),
    Column("committed", BigInteger),
    Column("on_order", BigInteger),
    Column("counted_at", BigInteger),
    Column("changed_at", BigInteger, nullable=False),
    Index("ix_stock_level_sku", "sku"),
)

order_system = Table(
    "order_system",
    metadata,
    Column("subject", _id(), ForeignKey("subject.id"), nullable=False),
    Column("system", _name(), nullable=False),
    Column("number", _name()),
    Column("expected", String(40), nullable=False),
    Column("actual", String(40), nullable=False),
    Column("note", Text),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "system"),
)

transmission = Table(
    "transmission",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("connection", _name(), nullable=False),
    Column("type", _name(), nullable=False),
    Column("name", String(500), nullable=False),
    Column("content_type", _name(), nullable=False),
    Column("idempotency_key", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # JSON of the steps a push has done, as its connector kept them.
    Column("done", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("document", _id(), ForeignKey("document.id"), nullable=False),
    Column("subject", _id(), ForeignKey("subject.id"), nullable=False),
    Column("connection", _name(), nullable=False),
    Column("system", _name(), nullable=False),
    # Its place in the lane (subject, connection): the seq of the event that planned it.
    Column("lane", Integer, nullable=False),
    Column("route", _name(), nullable=False),
    Column("mapping", _name(), nullable=False),
    Column("effect", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    # JSON list of [system, kind]; `ready` is false while one of them is not known.
    Column("needs", Text),
    Column("ready", Boolean, nullable=False),
    Column("transmission", _id(), ForeignKey("transmission.id")),
    Column("revision", Integer, nullable=False),
    # Tries of its transmission in all, and those since it was last planned, which set the back-off.
    Column("attempts", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("config_version", String(64), nullable=False),
    Column("lookups", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("lease_owner", _name()),
    Column("lease_until", BigInteger),
    Column("fence", Integer, nullable=False),
    Index("ix_delivery_document", "document"),
    Index("ix_delivery_subject", "subject"),
    Index("ix_delivery_transmission", "transmission"),
)
_partial_index("ix_delivery_due", "state IN ('planned', 'sending')", delivery.c.connection, delivery.c.next_at)
_partial_index(
    "ix_delivery_lane",
    "state IN ('planned', 'sending', 'dead', 'in_doubt')",
    delivery.c.subject,
    delivery.c.connection,
    delivery.c.lane,
)

attempt = Table(
    "attempt",
    metadata,
    Column("transmission", _id(), ForeignKey("transmission.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("outcome", String(16), nullable=False),
    Column("note", Text),
    Column("detail", Text),
    Column("response", LargeBinary),
    Column("worker", _name(), nullable=False),
    PrimaryKeyConstraint("transmission", "number"),
)

failure = Table(
    "failure",
    metadata,
    Column("id", _id(), primary_key=True),
    # What failed: "message", "document" or "delivery", and its id.
    Column("target_kind", String(16), nullable=False),
    Column("target", _id(), nullable=False),
    Column("message", _id(), nullable=False),
    Column("subject", _id()),
    Column("connection", _name(), nullable=False),
    # Failures with one cause share a key, so that they are shown and mended as one.
    Column("group_key", _name(), nullable=False),
    Column("code", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", Text),
    Column("place", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", _name()),
    Index("ix_failure_target", "target"),
    Index("ix_failure_opened", "opened_at", "id"),
)
_partial_index("ix_failure_open_group", "closed_at IS NULL", failure.c.group_key)

replay = Table(
    "replay",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("selection", Text, nullable=False),
    Column("actor", _name(), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("run_at", BigInteger),
)

replay_item = Table(
    "replay_item",
    metadata,
    Column("replay", _id(), ForeignKey("replay.id"), nullable=False),
    Column("failure", _id(), ForeignKey("failure.id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("note", Text),
    PrimaryKeyConstraint("replay", "failure"),
)

crosswalk_row = Table(
    "crosswalk_row",
    metadata,
    Column("id", _id(), primary_key=True),
    Column("crosswalk", _name(), nullable=False),
    Column("source", _name(), nullable=False),
    Column("target", _name(), nullable=False),
    Column("valid_from", String(10)),
    Column("valid_to", String(10)),
    Column("actor", _name(), nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Index("ix_crosswalk_row_crosswalk_source", "crosswalk", "source"),
)

connection_state = Table(
    "connection_state",
    metadata,
    Column("connection", _name(), nullable=False),
    Column("key", _name(), nullable=False),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("connection", "key"),
)

sequence = Table(
    "sequence",
    metadata,
    Column("name", _name(), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", _name(), primary_key=True),
    Column("owner", _name(), nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("fence", Integer, nullable=False),
)

config_version = Table(
    "config_version",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", _name(), nullable=False),
)

config_file = Table(
    "config_file",
    metadata,
    Column("version", String(64), ForeignKey("config_version.version"), nullable=False),
    Column("path", String(500), nullable=False),
    Column("digest", String(64), ForeignKey("config_content.digest"), nullable=False),
    PrimaryKeyConstraint("version", "path"),
)

config_content = Table(
    "config_content",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

config_activation = Table(
    "config_activation",
    metadata,
    # The order in which versions became active; the last one is active.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", String(64), ForeignKey("config_version.version"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", _name(), nullable=False),
    Column("purpose", String(16), nullable=False),
)
Index("ix_config_activation_version", config_activation.c.version)

# What a process of the hub says of itself, for as long as the lease of this name is held.
process = Table(
    "process",
    metadata,
    Column("name", _name(), primary_key=True),
    Column("version", String(64), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
)

setting = Table(
    "setting",
    metadata,
    Column("key", _name(), primary_key=True),
    Column("value", Text, nullable=False),
)
