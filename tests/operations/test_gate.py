"""What a new configuration would make otherwise of what a hub got, its changes planted one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json
from sqlalchemy import delete, func, select

from hub.contract.connector import Item
from hub.contract.errors import ConfigError
from hub.operations.errors import NotFound
from hub.operations.gate import Example, Group, Kind, Report, Selection, run_gate
from hub.operations.gate.stored import chosen
from hub.source import ConfigurationRefused
from hub.store import Store, tables
from hub.workspace import standard_library
from tests.operations.shop import FILES, body, order
from tests.runtime.hubs import LocalHub, local_hub

ORDERS, ORDER, ERP_ORDER = "pipelines/orders.yaml", "mappings/test/order.yaml", "mappings/test/erp_order.yaml"
REQUEST, WMS, CROSSWALK = "mappings/test/request.yaml", "config/connections/wms.yaml", "config/crosswalks/materials.csv"

SHIP_TO = """\
  ship_to:
    $when: source.recipient
    name: source.recipient
    street: {$const: [Harbour Street 12]}
    city: {$const: Oslo}
    postcode: {$const: "0150"}
    country: {$const: NO}
"""
SHOP = {
    **FILES,
    ORDERS: FILES[ORDERS].replace("steps:\n", "steps:\n  - filter: source.currency == 'EUR'\n"),
    ORDER: FILES[ORDER].replace("  totals:\n", f"{SHIP_TO}  totals:\n"),
    "config/fulfilment.yaml": "release: {after: captured, when: order.ship_to}\nnodes: [{node: east}]\n",
    WMS: "connection: wms\ntype: wms_files\nnode: east\ndirectory: /nowhere\ncsv: {delimiter: ','}\n",
    REQUEST: """\
mapping: test/request
from: FulfilmentRequest
to: crm.request
fields:
  number: source.number
  ticket: sequence('tickets')
  to: "'c/o ' ~ source.ship_to.name"
""",
    "pipelines/requests.yaml": """\
pipeline: requests
from: {document: FulfilmentRequest}
routes:
  - {to: crm, map: test/request}
  - {to: wms, map: wms/release}
""",
}
"""The shop's workspace: it takes euros only, and what is to be sent somewhere goes to a warehouse, too."""

MESSAGES = [
    body(order(1, recipient="Ada Brandt")),
    body(order(2, lines=[{"id": 1, "sku": "MUG", "quantity": 1}, {"id": 2, "sku": "MUG", "quantity": 5}])),
    body(order(3, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])),
    body(order(4, currency="USD")),
    b'{"id": ',
    body(order(1, updated_at="2026-03-02T10:16:02Z", total="25.00", recipient="Ada Brandt")),
]
"""Three orders, one that the shop's pipeline filters, one that is no JSON, and a change of the first."""


async def fill(hub: LocalHub) -> None:
    """Store the messages and drain them."""
    for number, content in enumerate(MESSAGES):
        await hub.receive_item("shop", Item(key=f"k{number}", type="shopify.order", body=content))
    hub.drain()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A hub that has drained the messages. No test changes it: that is what a gate promises."""
    url = f"sqlite:///{tmp_path_factory.mktemp('gate') / 'crossdock.db'}"
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("TEST_SECRET", "hush-hush")
        environ.setenv("TEST_DATABASE", url)
        with local_hub(url, SHOP, library=standard_library()) as filled:
            asyncio.run(fill(filled))
            yield filled


Changes = Mapping[str, list[tuple[str, str]] | str | None]
"""By file: what is replaced by what, the text of a new file, or None for one that is taken out."""

Gated = Callable[..., Report]


def write_changed(root: Path, changes: Changes) -> None:
    """Write the shop's workspace with changes."""
    texts: dict[str, str | None] = dict(SHOP)
    for name, change in changes.items():
        if isinstance(change, list):
            for before, after in change:
                text = texts[name] or ""
                assert before in text
                texts[name] = text.replace(before, after)
        else:
            texts[name] = change
    for name, text in texts.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)


@pytest.fixture(scope="module")
def gated(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Gated:
    """Runs the gate for the shop's workspace with changes."""

    def run(changes: Changes, which: Selection | None = None, examples: int = 3) -> Report:
        root = tmp_path_factory.mktemp("new")
        write_changed(root, changes)
        return run_gate(hub.store, root, which or Selection(500), examples=examples)

    return run


@pytest.fixture(scope="module")
def edited(gated: Gated) -> Report:
    """What comes of several changes of mappings, each in a field of its own."""
    return gated(
        {
            ORDER: [
                ("number: source.name", "number: \"'N' ~ source.name\""),
                ("quantity('EA')", "quantity('CS')"),
                ("email: {$value: source.email, $optional: true}", "email: \"'x' ~ source.email\""),
            ],
            ERP_ORDER: [("  lines:\n", "  currency: source.currency\n  lines:\n"), ("quantity.value", "quantity.unit")],
            REQUEST: [("number: source.number", "number: source.order_number"), ("'c/o '", "'To '")],
            "mappings/test/crm_order.yaml": [("number: source.number", "order: source.number")],
        }
    )


def told(report: Report) -> dict[Kind, list[Group]]:
    """What would be otherwise, by kind."""
    found: dict[Kind, list[Group]] = {}
    for group in report.groups:
        if group.kind is not Kind.AS_BEFORE:
            found.setdefault(group.kind, []).append(group)
    return found


def only(report: Report, kind: Kind, mapping: str, field: str) -> Group:
    [group] = [one for one in report.groups if (one.kind, one.place.mapping, one.place.field) == (kind, mapping, field)]
    return group


def shown(example: Example) -> tuple[str | None, str | None, int]:
    return example.before, example.after, example.count


def test_nothing_changed_is_no_difference_and_what_could_not_be_compared_is_said(gated: Gated) -> None:
    report = gated({})
    assert not report.differs
    assert report.active == report.new
    assert report.files == []
    assert report.summary == "6 messages, 6 documents, 9 deliveries: 2 fail under both."
    assert {group.kind for group in report.groups} == {Kind.AS_BEFORE}
    unread, unknown = sorted(report.groups, key=lambda group: group.place.mapping)
    assert "not valid JSON" in unread.examples[0].note
    assert (unknown.place.field, unknown.examples[0].order) == ("lines[].material", "#1003")
    assert report.notes == ["1 delivery waiting for a number: what is carried was not compared."]


def test_a_field_that_is_mapped_otherwise_is_followed_to_each_target(edited: Report) -> None:
    made = only(edited, Kind.CHANGES, "test/order", "number")
    assert (made.count, made.place.connection, made.place.pipeline) == (4, "shop", "orders")
    assert made.place.line == "mappings/test/order.yaml:5"
    example = next(one for one in made.examples if one.order == "#1001")
    assert shown(example) == ('"#1001"', '"N#1001"', 2)
    assert example.path == "number"
    sent = only(edited, Kind.CHANGES, "test/erp_order", "number")
    assert (sent.place.connection, sent.count) == ("erp", 2)
    assert {file.path for file in edited.files} == {ORDER, ERP_ORDER, REQUEST, "mappings/test/crm_order.yaml"}


def test_another_unit_is_seen_in_the_document_and_in_what_is_sent_of_it(edited: Report) -> None:
    made = only(edited, Kind.CHANGES, "test/order", "lines[].quantity.unit")
    assert [shown(one) for one in made.examples] == [('"EA"', '"CS"', 5)]
    sent = only(edited, Kind.CHANGES, "test/erp_order", "lines[].quantity")
    assert [(shown(one), one.path) for one in sent.examples if one.before == "5"] == [
        (("5", '"CS"', 1), "lines[1].quantity")
    ]


def test_values_that_appear_and_vanish_are_told_as_that(edited: Report) -> None:
    appears = only(edited, Kind.APPEARS, "test/erp_order", "currency")
    assert [shown(one) for one in appears.examples] == [(None, '"EUR"', 2)]
    vanishes = only(edited, Kind.VANISHES, "test/crm_order", "number")
    assert {one.after for one in vanishes.examples} == {None}


def test_what_the_ledger_made_is_compared_as_it_is_kept(edited: Report) -> None:
    number = only(edited, Kind.CHANGES, "test/request", "number")
    assert (number.place.connection, number.place.pipeline, number.examples[0].order) == ("crm", "requests", "#1001")
    assert shown(number.examples[0]) == ('"1001-F1"', '"#1001"', 1)


def test_each_thing_counts_once_whatever_changes_of_it(edited: Report) -> None:
    assert edited.counts == {"would change": 4 + 2 + 3 + 1, "fail under both": 2}
    assert edited.summary.startswith("6 messages, 6 documents, 9 deliveries: 10 would change,")


def test_people_are_masked_alike_before_and_after(edited: Report) -> None:
    said = to_json(edited).decode()
    assert "ada@mail.example" not in said
    assert "Brandt" not in said
    to = only(edited, Kind.CHANGES, "test/request", "to").examples[0]
    assert to.masked
    assert (to.before or "").replace("c/o", "To") == to.after
    assert only(edited, Kind.CHANGES, "test/order", "buyer.email").examples[0].masked


def test_people_are_masked_in_errors_too(gated: Gated) -> None:
    report = gated({ORDER: [("sku: line.sku", "sku: source.recipient | fixed(2)")]})
    [group] = told(report)[Kind.FAILS]
    assert {one.order for one in group.examples} >= {"#1001"}
    said = to_json(report).decode()
    assert "Ada" not in said
    assert "Brandt" not in said


def test_a_missing_row_of_a_crosswalk_fails_and_one_that_is_added_mends(gated: Gated) -> None:
    report = gated({CROSSWALK: [("MUG,100-201,,\n", "CAP,100-300,,\n")]}, examples=1)
    [fails], [succeeds] = told(report)[Kind.FAILS], told(report)[Kind.SUCCEEDS]
    assert (fails.place.connection, fails.place.mapping, fails.count) == ("erp", "test/erp_order", 2)
    assert fails.place.field == "lines[].material"
    assert "'materials' has no entry for 'MUG'" in fails.examples[0].note
    assert (succeeds.count, succeeds.examples[0].order) == (1, "#1003")
    assert "'CAP'" in succeeds.examples[0].note
    assert report.counts == {"would fail": 2, "would succeed newly": 1, "fail under both": 1}


def test_a_mapping_that_is_renamed_and_still_used_is_a_wrong_configuration(gated: Gated) -> None:
    renamed = SHOP[ERP_ORDER].replace("test/erp_order", "test/erp_sale")
    with pytest.raises(ConfigurationRefused, match=r"pipelines/orders.yaml:9:\d+: unknown-mapping.*test/erp_order"):
        gated({ERP_ORDER: None, "mappings/test/erp_sale.yaml": renamed})


def test_a_mapping_that_is_renamed_everywhere_is_nothing_but_that(gated: Gated) -> None:
    renamed = SHOP[ERP_ORDER].replace("test/erp_order", "test/erp_sale")
    to = {ERP_ORDER: None, "mappings/test/erp_sale.yaml": renamed, ORDERS: [("test/erp_order", "test/erp_sale")]}
    [group] = told(gated(to))[Kind.CHANGES]
    assert group.place.field == "(mapping)"
    assert shown(group.examples[0]) == ('"test/erp_order"', '"test/erp_sale"', 2)


def test_a_changed_condition_of_a_route_adds_and_drops_deliveries(gated: Gated) -> None:
    wants = "{to: crm, map: test/crm_order, when: effect == 'created'}"
    kinds = told(gated({ORDERS: [(wants, wants.replace("'created'", "'changed'"))]}))
    assert set(kinds) == {Kind.DROPPED, Kind.ADDED}
    [dropped], [added] = kinds[Kind.DROPPED], kinds[Kind.ADDED]
    assert (dropped.count, dropped.place.connection, dropped.place.mapping) == (3, "crm", "test/crm_order")
    assert (added.count, added.examples[0].order) == (1, "#1001")


def test_what_a_route_waits_for_and_is_known_by_is_compared(gated: Gated) -> None:
    report = gated({ORDERS: [("when: effect == 'created'}\n", "references: {po: document.number}}\n")]})
    appears = [one for one in told(report)[Kind.APPEARS] if one.place.field == "(references.po)"]
    assert {one.place.connection for one in appears} == {"erp", "crm"}
    assert shown(next(one for one in appears[0].examples if one.order == "#1002"))[1] == '"#1002"'


def test_filters_that_are_added_or_taken_out_are_named(gated: Gated) -> None:
    report = gated({ORDERS: [("filter: source.currency == 'EUR'", "filter: source.name != '#1002'")]})
    [filtered], [unfiltered] = told(report)[Kind.FILTERED], told(report)[Kind.UNFILTERED]
    assert filtered.examples[0].order == "#1002"
    assert "source.name != '#1002'" in filtered.examples[0].note
    assert "source.currency == 'EUR'" in unfiltered.examples[0].note
    assert set(told(report)) == {Kind.FILTERED, Kind.UNFILTERED}
    assert "1 document without a recorded effect: no deliveries to compare." in report.notes


def test_another_identity_comes_first_part_by_part(gated: Gated) -> None:
    changes = [
        ("order: source.id", "order: source.po"),
        ("version: source.updated_at", "version: source.name"),
        ("intent: snapshot", "intent: command"),
        ("number: source.name,", "number: source.total,"),
    ]
    report = gated({ORDERS: changes}, examples=10)
    found = {group.place.field: group for group in told(report)[Kind.IDENTITY]}
    assert report.groups[0].kind is Kind.IDENTITY
    expected = {
        "subject": ('"order of the id 6402100001002 of shop"', '"order of the id PO-772 of shop"'),
        "version": ('"2026-03-02T10:15:02Z"', '"#1002"'),
        "intent": ('"snapshot"', '"command"'),
        "references.number[]": ('"#1002"', '"19.90"'),
    }
    assert set(found) == set(expected)
    for field, values in expected.items():
        assert values in {(one.before, one.after) for one in found[field].examples}
    assert report.counts["would have another identity"] == 5


def test_what_no_pipeline_takes_any_more(gated: Gated) -> None:
    report = gated({ORDERS: None})
    [group] = told(report)[Kind.UNTAKEN]
    assert (group.count, group.place.field) == (5, "shopify.order")
    assert "No pipeline takes shopify.order from shop" in group.examples[0].note


def test_what_no_connector_reads_any_more(gated: Gated) -> None:
    shop = "connection: shop\ntype: http\nurl: http://127.0.0.1:9\n"
    report = gated({ORDERS: None, "config/connections/shop.yaml": shop})
    [group] = told(report)[Kind.UNREAD]
    assert (group.count, group.place.connection) == (5, "shop")
    assert "the connector http does not read" in group.examples[0].note
    assert set(told(report)) == {Kind.UNREAD}


def test_a_message_that_is_taken_apart_makes_more_documents(gated: Gated) -> None:
    report = gated({ORDERS: [("steps:\n", "each: source.lines\nsteps:\n")]})
    [group] = told(report)[Kind.GAINED]
    assert (group.count, group.examples[0].note) == (1, "Order of part 2")


def test_settings_of_a_format_change_bytes_of_the_same_fields(gated: Gated) -> None:
    report = gated({WMS: [("','", "';'")], "config/fulfilment.yaml": [("east", "west")]})
    [group] = told(report)[Kind.CHANGES]
    assert (group.place.connection, group.place.field) == ("wms", "(bytes)")
    assert "The same fields are written otherwise, from byte " in group.examples[0].note
    assert report.notes[-2:] == [
        "config/fulfilment.yaml differs: what the ledger makes was taken as it is kept, not made anew.",
        f"{WMS}: of settings only those of formats were compared.",
    ]


def test_a_setting_that_is_missing_outside_is_not_passed_over(gated: Gated) -> None:
    with pytest.raises(ConfigError, match="NOT_THERE"):
        gated({WMS: [("/nowhere", "${env:NOT_THERE}")]})


def test_messages_are_chosen(hub: LocalHub, gated: Gated) -> None:
    now = datetime.now(UTC)
    with hub.store.read() as connection:
        every = chosen(connection, Selection())
        assert len(every) == len(MESSAGES)
        assert chosen(connection, Selection(last=2)) == every[:2]
        assert chosen(connection, Selection(since=now + timedelta(hours=1))) == []
        assert chosen(connection, Selection(since=now - timedelta(hours=1), connection="shop")) == every
        assert chosen(connection, Selection(connection="erp")) == []
    with pytest.raises(NotFound, match="'shop'"):
        gated({}, Selection(connection="shoop"))


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with store.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


async def test_nothing_is_written(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "hush-hush")
    monkeypatch.setenv("TEST_DATABASE", database_url)
    with local_hub(database_url, SHOP, library=standard_library()) as hub:
        await fill(hub)
        with hub.store.write() as connection:
            latest = select(func.max(tables.message.c.id)).scalar_subquery()
            connection.execute(delete(tables.body).where(tables.body.c.owner == latest))
        before = dump(hub.store)
        write_changed(tmp_path, {ORDER: [("number: source.name", "number: source.po")]})
        report = run_gate(hub.store, tmp_path, Selection(500), examples=3)
        assert report.differs
        assert "1 message passed over: the bytes were removed." in report.notes
        assert dump(hub.store) == before
