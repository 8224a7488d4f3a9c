"""Messages are found by whatever a person has at hand, and show the worst of what became of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from hub.operations.errors import BadInput, NotFound
from hub.operations.ids import short
from hub.operations.messages import Message, MessageFilter, MessageLine, list_messages, show_message
from hub.operations.orders.search import messages_of
from hub.operations.orders.views import find_orders, show_order
from hub.store import tables
from tests.operations.hub_process import Hub
from tests.operations.shop import body, order


def found(hub: Hub, **conditions: str | datetime) -> list[str]:
    """Ids of the messages that a filter finds, the latest first."""
    return [line.id for line in list_messages(hub.store, MessageFilter(**conditions)).messages]  # type: ignore[arg-type]


def line(hub: Hub, id_: str) -> MessageLine:
    return next(one for one in list_messages(hub.store).messages if one.id == id_)


def shown(hub: Hub, id_: str) -> Message:
    return show_message(hub.store, id_, now=hub.clock.now())


async def test_a_message_is_found_by_every_number(hub: Hub) -> None:
    message = await hub.receive(number=1, key="webhook-1", name="orders-0815.json")
    await hub.receive(number=2, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.settle()
    [subject] = find_orders(hub.store, "#1001")
    seen = show_order(hub.store, subject, now=hub.clock.now())
    erp = next(one for one in seen.deliveries if one.connection == "erp")
    erp_number = next(one.value for one in seen.numbers if one.system == "erp")
    assert erp.transmission is not None
    numbers = [
        *("#1001", "PO-771", "6402100001001", erp_number, "MUG", "webhook-1", "orders-0815.json"),
        *(erp.idempotency_key, f"ORDERS_{erp.transmission}.xml", erp.id, subject, message, f"  {message.upper()} "),
    ]
    assert {number: found(hub, find=number or "") for number in numbers} == {number: [message] for number in numbers}
    assert found(hub, find="#9999") == []


async def test_what_could_not_be_applied_is_found_too(hub: Hub) -> None:
    nameless = await hub.receive_bytes(b'{"id": 5}', name="broken.json")
    unmapped = await hub.receive(number=7, lines=[{"id": 1, "sku": "MUG", "quantity": "many"}])
    await hub.settle()
    assert found(hub, find="broken.json") == [nameless]
    assert found(hub, find="#1007") == [unmapped]


async def test_a_parked_document_without_subject_is_found_by_its_number(hub: Hub) -> None:
    message = await hub.receive(number=1)
    hub.drain()
    with hub.store.write() as connection:
        connection.execute(tables.document.update().values(state="dead", subject=None, source_id="ORPHAN-1"))
    assert found(hub, find="ORPHAN-1") == [message]


@pytest.mark.parametrize("number", ["", " ", "x" * 2000, "a\0b", "\ud800"])
async def test_what_is_no_number_is_refused(hub: Hub, number: str) -> None:
    with pytest.raises(BadInput):
        found(hub, find=number)


async def test_looking_for_a_number_reads_no_table_from_end_to_end(hub: Hub) -> None:
    if not hub.store.is_sqlite:  # PostgreSQL scans small tables whatever indexes there are.
        return
    await hub.receive(key="webhook-1")
    await hub.settle()
    with hub.store.read() as connection:
        [subject] = connection.execute(select(tables.subject.c.id)).scalars()
        for number in ("#1001", "webhook-1", f"test:{subject}:1"):
            statement = messages_of(connection, number).compile(
                connection.engine, compile_kwargs={"literal_binds": True}
            )
            plan = [
                row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}".replace(":", r"\:")))
            ]
            scans = [step for step in plan if step.startswith(("SCAN message", "SCAN document", "SCAN reference"))]
            assert scans == []


async def test_a_message_shows_the_worst_of_what_became_of_it(hub: Hub) -> None:
    hub.misbehave("crm", "error_400")
    refused = await hub.receive(number=1)
    unreadable = await hub.receive_bytes(b'{"id": 1, ')
    await hub.settle()
    hub.misbehave("erp", "read_and_close")
    doubtful = await hub.receive(number=2)
    await hub.settle()
    fine = await hub.receive(number=3)
    await hub.settle()
    again = await hub.receive(number=3, note="the same, with a key of its own")
    await hub.settle()
    fresh = await hub.receive(number=4)
    states = {one.id: one.state for one in list_messages(hub.store).messages}
    assert states == {
        refused: "dead",
        unreadable: "dead",
        doubtful: "in_doubt",
        fine: "delivered",
        again: "duplicate",
        fresh: "received",
    }
    for state in ("dead", "in_doubt", "delivered", "duplicate", "received"):
        assert set(found(hub, state=state)) == {id_ for id_, is_ in states.items() if is_ == state}
    assert line(hub, refused).reason == shown(hub, refused).documents[0].deliveries[1].reason
    assert "not valid JSON" in (line(hub, unreadable).reason or "")
    assert line(hub, fine).reason is None
    assert line(hub, fine).orders == ["#1003"]


async def test_a_state_that_is_none_is_refused_with_those_there_are(hub: Hub) -> None:
    with pytest.raises(BadInput, match="in_doubt"):
        found(hub, state="broken")


async def test_filters_hold_together(hub: Hub) -> None:
    first = await hub.receive(number=1)
    between = datetime.now(UTC)
    second = await hub.receive(number=2)
    assert found(hub, connection="shop") == [second, first]
    assert found(hub, connection="erp") == []
    assert found(hub, since=between) == [second]
    assert found(hub, since=between - timedelta(hours=1), connection="shop") == [second, first]


async def test_pages_hold_every_message_once(hub: Hub) -> None:
    sent = [await hub.receive(number=number) for number in range(5)]
    with hub.store.write() as connection:
        connection.execute(tables.message.update().values(received_at=1))
    seen: list[str] = []
    after = None
    while True:
        page = list_messages(hub.store, limit=2, after=after)
        seen += [one.id for one in page.messages]
        if page.next is None:
            break
        after = page.next
    assert sorted(seen) == sorted(sent)
    with pytest.raises(BadInput):
        list_messages(hub.store, after="next, please")


async def test_a_message_is_shown_with_its_bytes_documents_and_deliveries(hub: Hub) -> None:
    id_ = await hub.receive(number=1, key="webhook-1")
    await hub.settle()
    message = shown(hub, short(id_))
    assert message.id == id_
    assert message.transport_key == "webhook-1"
    assert message.headers == {"x-shopify-topic": "orders/create"}
    assert message.preview.text == body(order(1)).decode()
    assert message.read == "done"
    [document] = message.documents
    assert (document.kind, document.state, document.effect, document.order) == ("Order", "applied", "created", "#1001")
    assert {(one.connection, one.state) for one in document.deliveries} == {("erp", "delivered"), ("crm", "delivered")}
    assert [one.outcome for one in document.deliveries[0].attempts] == ["delivered"]


async def test_bytes_that_are_no_text_are_shown_as_such(hub: Hub) -> None:
    id_ = await hub.receive_bytes(b"\x00\x01PK\xff" * 4)
    assert shown(hub, id_).preview.encoding == "hex"
    assert "50 4b ff" in shown(hub, id_).preview.text


async def test_an_id_that_names_none_or_several_is_told(hub: Hub) -> None:
    ids = [await hub.receive(number=number) for number in range(2)]
    with pytest.raises(NotFound):
        shown(hub, "abcdef")
    with pytest.raises(BadInput, match="6 characters"):
        shown(hub, ids[0][-5:])
    with pytest.raises(BadInput, match="no id"):
        shown(hub, "%%%%%%%%")
    common = ids[0][:8]
    assert ids[1].startswith(common)
    with pytest.raises(BadInput, match="more than one"):
        await asyncio.to_thread(shown, hub, common)
