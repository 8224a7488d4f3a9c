"""SAP over SFTP: orders that arrive once, confirmations that are taken whole and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.erp.sap_idoc.connector import SapIdocConnector
from connectors.transports.sftp import SftpTransport
from hub.contract.errors import AuthError, CrossdockError, Duplicate, InDoubt, TransientError
from hub.contract.testkit import FakePush, fake_context
from tests.connectors.sap_bench import Bench, idoc, opened, order


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async for made in opened(tmp_path):
        yield made


@pytest.fixture
async def choosy(tmp_path: Path) -> AsyncIterator[Bench]:
    """A SAP that knows one material."""
    async for made in opened(tmp_path, materials=["M-1"]):
        yield made


@pytest.fixture
async def manual(tmp_path: Path) -> AsyncIterator[Bench]:
    """A SAP whose clerks decide when to import and to answer."""
    async for made in opened(tmp_path, **{"import": "manual", "respond": "manual"}):
        yield made


async def test_an_order_comes_back_confirmed_line_by_line(bench: Bench):
    await bench.send(order(lines={"M-1": "2", "M-2": "1.5"}))
    (item,) = await bench.pull()
    assert (item.name, item.type) == ("ORDRSP_0000000000000001.xml", "idoc.ordrsp")
    read = idoc(item)
    assert read["E1EDK01"]["BELNR"] == "0000000001"
    assert {ref["QUALF"]: ref["BELNR"] for ref in read["E1EDK02"]} == {"001": "#1001", "002": "0000000001"}
    lines = read["E1EDP01"]
    assert [line["POSEX"] for line in lines] == ["000010", "000020"]
    assert [line["E1EDP02"][-1] for line in lines] == [
        {"QUALF": "044", "BELNR": "gid://shop/LineItem/1"},
        {"QUALF": "044", "BELNR": "gid://shop/LineItem/2"},
    ]
    assert [line["E1EDP20"]["WMENG"] for line in lines] == ["2.000", "1.500"]
    assert await bench.pull() == []


async def test_the_key_of_the_account_signs_in_too(bench: Bench):
    connector = bench.connect(password=None, private_key=bench.endpoint["private_key"])
    health = await connector.check()
    await connector.close()
    assert health.ok
    assert [finding.split(":")[0] for finding in health.findings] == ["out", "in"]


async def test_check_names_the_directory_that_is_not_there(bench: Bench):
    settings = bench.connector.config.model_copy(
        update={"inbox": bench.connector.config.inbox.model_copy(update={"directory": "nowhere"})}
    )
    connector = SapIdocConnector(settings, fake_context())
    health = await connector.check()
    await connector.close()
    assert not health.ok
    assert any("nowhere" in finding for finding in health.findings)


async def test_a_second_order_is_a_second_order(bench: Bench):
    await bench.send(order(docnum=1))
    await bench.send(order(docnum=2))
    assert bench.documents()["#1001"]["orders"] == 2
    assert bench.sap.state()["effects"] == {f"{1:016d}": 1, f"{2:016d}": 1}


async def test_a_change_changes_the_order_it_names(bench: Bench):
    await bench.send(order(lines={"M-1": "2", "M-2": "1"}))
    await bench.send(order(docnum=2, lines={"M-1": "5"}, kind="ORDCHG", action="002"))
    entry = bench.documents()["#1001"]
    assert (entry["orders"], entry["changes"]) == (1, 1)
    assert entry["items"] == {"M-1": "5", "M-2": "1"}
    await bench.send(order(docnum=3, lines={"M-1": "5"}, kind="ORDCHG", action="003"))
    answers = {item.name: idoc(item) for item in await bench.pull()}
    lines = answers["ORDRSP_0000000000000003.xml"]["E1EDP01"]
    assert [(line["ACTION"], line.get("ABGRU")) for line in lines] == [("003", "02"), ("004", None)]


async def test_a_change_of_an_unknown_order_is_not_posted_and_yet_arrived(bench: Bench):
    await bench.send(order(po="#404", kind="ORDCHG"))
    state = bench.sap.state()
    assert state["effects"] == {f"{1:016d}": 1}
    assert "#404" in state["refused"][0]["reason"]
    assert await bench.pull() == []


async def test_an_unknown_material_is_rejected_until_it_is_maintained(choosy: Bench):
    await choosy.send(order(lines={"M-1": "1", "M-9": "1"}))
    (item,) = await choosy.pull()
    known, unknown = idoc(item)["E1EDP01"]
    assert known["ACTION"] == "004"
    assert (unknown["ACTION"], unknown["ABGRT"]) == ("003", "Material M-9 is not maintained")
    assert "E1EDP20" not in unknown
    await choosy.sap.act("add_material", {"material": "M-9"})
    await choosy.send(order(docnum=2, po="#1002", lines={"M-9": "1"}))
    (item,) = await choosy.pull()
    assert idoc(item)["E1EDP01"]["ACTION"] == "004"


async def test_clerks_import_and_decide(manual: Bench):
    out = order(lines={"M-1": "3", "M-2": "1"})
    await manual.send(out)
    assert manual.documents() == {}
    assert manual.sap.state()["files"]["in"] == [f"ORDERS_{out.transmission}.xml"]
    assert await manual.sap.act("import", {}) == ["0000000001"]
    assert await manual.pull() == []
    answer = {"po": "#1001", "reject": ["M-2"], "confirm": {"M-1": "2"}, "date": "2026-04-01"}
    assert await manual.sap.act("respond", answer) == "ORDRSP_0000000000000001.xml"
    (item,) = await manual.pull()
    short, rejected = idoc(item)["E1EDP01"]
    assert (short["ACTION"], short["MENGE"]) == ("002", "3.000")
    assert short["E1EDP20"] == {"WMENG": "2.000", "EDATU": "20260401"}
    assert (rejected["ACTION"], rejected["ABGRU"]) == ("003", "02")
    with pytest.raises(ValueError, match="#999"):
        await manual.sap.act("respond", {"po": "#999"})


async def test_a_half_written_file_is_taken_once_it_is_whole(bench: Bench):
    bench.sap.misbehave("half_written", 1)
    await bench.send(order())
    assert await bench.pull(looks=3) == []
    (item,) = await bench.pull(looks=3)
    assert idoc(item)["E1EDK01"]["BELNR"] == "0000000001"


async def test_an_answer_sent_twice_is_two_files_of_one_docnum(bench: Bench):
    bench.sap.misbehave("twice", 1)
    await bench.send(order())
    first, second = await bench.pull()
    assert first.key != second.key
    assert idoc(first) == idoc(second)


async def test_a_file_that_is_no_idoc_is_handed_over_as_it_is(bench: Bench):
    await bench.sap.act("drop", {"name": "ORDRSP_x.xml", "content": "not XML"})
    (item,) = await bench.pull()
    assert item.body == b"not XML"


async def test_another_host_key_stops_everything_before_anything_is_sent(bench: Bench):
    bench.sap.misbehave("change_host_key", 1)
    with pytest.raises(AuthError) as refused:
        await bench.send(order())
    assert "SHA256:" in refused.value.message
    assert bench.sap.state()["effects"] == {}
    await bench.send(order())
    assert bench.documents()["#1001"]["orders"] == 1


async def test_refused_credentials_pause_and_show_no_secret(bench: Bench):
    bench.sap.misbehave("refuse_auth", 1)
    with pytest.raises(AuthError) as refused:
        await bench.send(order())
    assert bench.endpoint["password"] not in f"{refused.value.message} {refused.value.detail} {refused.value.where}"
    assert bench.sap.state()["effects"] == {}


@pytest.mark.parametrize(("fault", "arrived"), [("disconnect_before_rename", 0), ("disconnect_after_rename", 1)])
async def test_a_cut_rename_is_looked_up_and_had_one_effect(bench: Bench, fault: str, arrived: int):
    bench.sap.misbehave(fault, 1)
    out, push = order(), FakePush()
    with pytest.raises((InDoubt, TransientError)):
        await bench.connector.push(out, push)
    out = replace(out, attempt=2, done=push.done)
    found = await bench.connector.find(out)
    assert (found is not None) == bool(arrived)
    assert len(bench.sap.state()["effects"]) == arrived
    if found is None:
        await bench.connector.push(out, push)
    assert bench.sap.state()["effects"] == {f"{1:016d}": 1}
    assert bench.documents()["#1001"]["orders"] == 1


async def test_a_repeated_push_has_one_effect_also_after_sap_took_the_file(bench: Bench):
    out, push = order(), FakePush()
    await bench.connector.push(out, push)
    assert bench.sap.state()["files"]["in"] == []
    again = await bench.connector.push(replace(out, attempt=2, done=push.done), push)
    assert "taken" in again.note
    assert bench.sap.state()["effects"] == {f"{1:016d}": 1}


async def test_a_repeated_push_while_the_file_waits_is_a_duplicate(manual: Bench):
    out = order()
    await manual.send(out)
    with pytest.raises(Duplicate):
        await manual.send(out)
    assert manual.sap.state()["effects"] == {f"{1:016d}": 1}


async def test_a_file_of_many_idocs_is_posted_whole(manual: Bench):
    first, second = order(docnum=1).body.decode(), order(docnum=2, po="#1002").body.decode()
    inner = second[second.index("<IDOC") : second.index("</ORDERS05>")]
    both = replace(order(docnum=1), body=first.replace("</ORDERS05>", f"{inner}</ORDERS05>").encode())
    await manual.send(both)
    assert await manual.sap.act("import", {}) == ["0000000001", "0000000002"]
    assert sorted(manual.documents()) == ["#1001", "#1002"]


async def test_nothing_outside_its_directory_can_be_reached(bench: Bench, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    transport = SftpTransport(bench.connector.config.sftp)

    def attempt(path: str) -> bytes:
        try:
            return b"".join(transport.read(path))
        except CrossdockError:
            return b""

    for path in ("../secret.txt", "/../secret.txt", "in/../../secret.txt", str(tmp_path / "secret.txt")):
        assert await asyncio.to_thread(attempt, path) == b""
    await asyncio.to_thread(transport.close)


async def test_drop_takes_names_only(bench: Bench):
    with pytest.raises(ValueError, match="plain file name"):
        await bench.sap.act("drop", {"name": "../x.xml", "content": ""})
