"""A partner's mailbox: interchanges taken whole and once, ours left once, answers that find what they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.edi.x12.connector import X12Connector
from hub.contract.errors import AuthError, InDoubt, RejectedMessage, TransientError
from hub.contract.format import Reject, Reply, Tree
from hub.contract.testkit import FakePush, fake_context
from hub.contract.testkit.suite import contract_for
from tests.connectors.x12_bench import ORDER, Bench, opened

TestX12 = contract_for("x12")

INVOICE: dict[str, Any] = {
    "BIG": {"BIG01": "20260309", "BIG02": "INV-1", "BIG04": "PO-4711"},
    "IT1_loop": [{"IT1": {"IT101": "1", "IT102": 24, "IT103": "CA", "IT104": 12, "IT106": "VN", "IT107": "MUG-BLUE"}}],
    "TDS": {"TDS01": 288},
}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async for made in opened(tmp_path):
        yield made


async def test_an_order_is_taken_read_and_acknowledged(bench: Bench):
    sent = await bench.partner.act("send_orders", {"orders": [ORDER]})
    (item,) = await bench.pull()
    assert (item.name, item.type) == ("850_000000001.edi", "x12.interchange")
    order, reply = bench.decode(item)
    assert isinstance(order, Tree)
    assert isinstance(reply, Reply)
    assert order.type == "x12.850"
    assert order.data["BEG"]["BEG03"] == "PO-4711"
    await bench.send(reply.type, reply.data)
    (answer,) = bench.acknowledgements()[sent["group"]]
    assert (answer["of"], answer["code"], answer["sets"]) == ("PO", "A", {"0001": "A"})
    assert await bench.pull() == []


async def test_of_two_orders_the_wrong_one_is_rejected_and_the_partner_told_why(bench: Bench):
    wrong = {**ORDER, "po": "PO-4712", "invalid": True}
    sent = await bench.partner.act("send_orders", {"orders": [ORDER, wrong]})
    (item,) = await bench.pull()
    good, bad, reply = bench.decode(item)
    assert isinstance(good, Tree)
    assert isinstance(bad, Reject)
    assert "BEG05" in bad.message
    assert isinstance(reply, Reply)
    await bench.send(reply.type, reply.data)
    (answer,) = bench.acknowledgements()[sent["group"]]
    assert (answer["code"], answer["received"], answer["accepted"]) == ("P", 2, 1)
    assert answer["sets"] == {"0001": "A", "0002": "R"}
    assert any(fault.startswith("AK4*5*373*8") for fault in answer["faults"])


async def test_the_same_file_again_is_the_same_envelope_and_changed_content_is_not(bench: Bench):
    await bench.partner.act("send_orders", {"orders": [ORDER], "copies": 2})
    await bench.partner.act("send_again", {})
    await bench.partner.act("send_again", {"changed": True})
    items = await bench.pull()
    envelopes = [bench.decode(item)[0].envelope for item in items]
    assert len({item.key for item in items}) == 4
    assert len({envelope.key for envelope in envelopes if envelope}) == 1
    assert len({envelope.digest for envelope in envelopes if envelope}) == 2


async def test_what_is_addressed_to_somebody_else_is_refused(bench: Bench):
    bench.connector = bench.connect(us={"id": "SOMEBODY"})
    await bench.partner.act("send_orders", {"orders": [ORDER]})
    (item,) = await bench.pull()
    (part,) = bench.decode(item)
    assert isinstance(part, Reject)
    assert "ACME" in part.message


async def test_an_interchange_that_does_not_add_up_is_answered_by_a_ta1(bench: Bench):
    await bench.partner.act("send_orders", {"orders": [ORDER]})
    (item,) = await bench.pull()
    assert isinstance(item.body, bytes)
    broken = item.body.decode().replace("IEA*1*", "IEA*2*")
    await bench.partner.act("drop", {"name": "broken.edi", "content": broken})
    assert await bench.pull_trees() == []
    (answer,) = bench.partner.state()["interchange_acknowledgements"]["000000001"]
    assert (answer["code"], answer["note"]) == ("R", "021")
    assert bench.acknowledgements() == {}


async def test_partners_who_share_a_mailbox_are_told_apart_by_name(bench: Bench):
    await bench.partner.act("drop", {"name": "other_1.edi", "content": "not ours"})
    await bench.partner.act("send_orders", {"orders": [ORDER], "name": "northwind_1.edi"})
    bench.connector = bench.connect(inbox={"directory": "out", "pattern": "northwind_*.edi"})
    assert [item.name for item in await bench.pull()] == ["northwind_1.edi"]


async def test_a_file_that_is_written_slowly_is_taken_once_it_is_whole(bench: Bench):
    bench.partner.misbehave("half_written", 1)
    await bench.partner.act("send_orders", {"orders": [ORDER]})
    assert await bench.pull(looks=3) == []
    (item,) = await bench.pull(looks=3)
    assert isinstance(bench.decode(item)[0], Tree)


async def test_a_text_that_is_no_interchange_is_handed_over_as_it_is(bench: Bench):
    await bench.partner.act("drop", {"name": "x.edi", "content": "not EDI", "slowly": True})
    (item,) = await bench.pull(looks=6)
    assert item.body == b"not EDI"
    with pytest.raises(ValueError, match="plain file name"):
        await bench.partner.act("drop", {"name": "../x.edi", "content": ""})


async def test_a_name_that_is_used_again_is_another_file(bench: Bench):
    await bench.partner.act("send_orders", {"orders": [ORDER]})
    (first,) = await bench.pull()
    bench.partner.misbehave("name_reused", 1)
    await bench.partner.act("send_orders", {"orders": [{**ORDER, "po": "PO-4712"}]})
    (second,) = await bench.pull()
    assert first.name == second.name
    assert first.body != second.body


async def test_a_set_is_left_once_and_its_numbers_are_kept(bench: Bench):
    receipt = await bench.send("x12.810", INVOICE)
    assert receipt.references == {"sent_interchange": "000000001", "group": "1"}
    (invoice,) = bench.received("810")["PO-4711"]
    assert (invoice["number"], invoice["total"]) == ("INV-1", "28800")
    assert bench.partner.state()["effects"] == {"000000001": 1}


async def test_the_partners_997_names_the_group_that_was_kept(bench: Bench):
    receipt = await bench.send("x12.810", INVOICE)
    await bench.partner.act("acknowledge", {"type": "810", "accepted": False})
    (tree,) = await bench.pull_trees()
    assert tree.type == "x12.997"
    assert str(tree.data["AK1"]["AK102"]) == receipt.references["group"]
    assert tree.data["AK9"]["AK901"] == "R"
    assert await bench.partner.act("acknowledge", {}) == []


async def test_a_997_is_never_acknowledged(bench: Bench):
    await bench.send("x12.810", INVOICE)
    await bench.partner.act("acknowledge", {})
    (item,) = await bench.pull()
    assert not any(isinstance(part, Reply) for part in bench.decode(item))


async def test_a_partner_may_acknowledge_by_itself(tmp_path: Path):
    async for bench in opened(tmp_path, acknowledge="auto"):
        await bench.send("x12.810", INVOICE)
        (tree,) = await bench.pull_trees()
        assert (tree.type, tree.data["AK1"]["AK102"]) == ("x12.997", 1)


@pytest.mark.parametrize(("fault", "arrived"), [("disconnect_before_rename", 0), ("disconnect_after_rename", 1)])
async def test_a_cut_rename_is_looked_up_and_had_one_effect(bench: Bench, fault: str, arrived: int):
    bench.partner.misbehave(fault, 1)
    out, push = bench.outbound("x12.810", INVOICE), FakePush()
    with pytest.raises((InDoubt, TransientError)):
        await bench.connector.push(out, push)
    out = replace(out, attempt=2, done=push.done)
    found = await bench.connector.find(out)
    assert (found is not None) == bool(arrived)
    receipt = found or await bench.connector.push(out, push)
    assert receipt.references == {"sent_interchange": "000000001", "group": "1"}
    assert bench.partner.state()["effects"] == {"000000001": 1}


async def test_a_push_whose_note_was_lost_keeps_its_numbers(bench: Bench):
    out = bench.outbound("x12.810", INVOICE)
    directory = Path(bench.endpoint["directory"]) / "in"
    (directory / f"810_{out.transmission}.edi").write_bytes(out.body)
    receipt = await bench.connector.push(out, FakePush())
    assert receipt.references == {"sent_interchange": "000000001", "group": "1"}
    assert bench.partner.state()["effects"] == {"000000001": 1}


async def test_a_mailbox_may_be_a_local_directory(bench: Bench):
    bench.connector = bench.connect(sftp=None, directory=bench.endpoint["directory"])
    assert (await bench.connector.check()).ok
    await bench.partner.act("send_orders", {"orders": [ORDER]})
    (item,) = await bench.pull()
    assert isinstance(bench.decode(item)[0], Tree)
    await bench.send("x12.810", INVOICE)
    assert bench.partner.state()["effects"] == {"000000001": 1}


async def test_files_are_named_as_it_was_agreed(bench: Bench):
    bench.connector = bench.connect(outbox={"directory": "in", "name": "ACME{type}.{interchange}"})
    receipt = await bench.send("x12.810", INVOICE)
    assert "in/ACME810.000000001" in receipt.note


@pytest.mark.parametrize("name", ["invoice.edi", "{type}.edi", "../{group}.edi", ".{group}", "{number}_{group}.edi"])
def test_a_name_that_cannot_be_used_is_refused(bench: Bench, name: str):
    with pytest.raises(ValidationError, match="name"):
        bench.config(outbox={"directory": "in", "name": name})


@pytest.mark.parametrize("place", [{"sftp": None}, {"directory": "/srv/edi"}])
def test_a_mailbox_is_at_one_place(bench: Bench, place: dict[str, Any]):
    with pytest.raises(ValidationError, match="either sftp or directory"):
        bench.config(**place)


async def test_what_is_no_interchange_is_not_sent(bench: Bench):
    out = bench.outbound("x12.810", INVOICE)
    with pytest.raises(RejectedMessage):
        await bench.connector.push(replace(out, body=b"not EDI"), FakePush())
    with pytest.raises(RejectedMessage, match="empty"):
        await bench.connector.push(replace(out, body=b""), FakePush())
    assert bench.partner.state()["effects"] == {}


async def test_what_the_partner_cannot_read_is_counted_and_put_aside(bench: Bench):
    out = bench.outbound("x12.810", INVOICE)
    await bench.connector.push(replace(out, body=out.body.replace(b"GE*1*", b"GE*2*")), FakePush())
    state = bench.partner.state()
    assert "GE*2*1" in state["refused"][0]["reason"]
    assert list(state["effects"].values()) == [1]


async def test_another_host_key_stops_everything_before_anything_is_sent(bench: Bench):
    bench.partner.misbehave("change_host_key", 1)
    with pytest.raises(AuthError, match="SHA256:"):
        await bench.send("x12.810", INVOICE)
    assert bench.partner.state()["effects"] == {}


async def test_check_names_the_directory_that_is_not_there(bench: Bench):
    connector = bench.connect(outbox={"directory": "nowhere"})
    health = await connector.check()
    await connector.close()
    assert not health.ok
    assert any("nowhere" in finding for finding in health.findings)


async def test_a_warehouse_ships_only_what_was_asked_for(bench: Bench):
    with pytest.raises(ValueError, match="no open request"):
        await bench.partner.act("ship", {})
    with pytest.raises(ValueError, match="send_orders"):
        await bench.partner.act("send_again", {})


def test_every_type_has_the_partners_format(bench: Bench):
    formats = X12Connector.formats(bench.config())
    assert set(formats) == set(X12Connector.emits) >= set(X12Connector.accepts)
    assert X12Connector(bench.config(), fake_context()).repeatable
