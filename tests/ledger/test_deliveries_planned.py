"""What an order plans: where its routes lead, in its lane, once what it needs is known."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.revisions import is_older, revision_key
from hub.store import tables
from tests.ledger import shop
from tests.ledger.book import Book


def test_lanes_rise_for_each_connection(book: Book) -> None:
    book.apply(book.order("1001", "1"), book.order("1002", "1"))
    for version in ("2", "3", "4"):
        book.apply(book.order("1001", version, number=f"#{version}"))
    book.apply(*(book.order("1001", version, number=f"#{version}") for version in ("5", "6")))
    lanes: dict[tuple[str, str], list[int]] = {}
    for row in sorted(book.rows(tables.delivery), key=lambda row: str(row["lane"]).zfill(9)):
        lanes.setdefault((row["subject"], row["connection"]), []).append(row["lane"])
    first = book.subject_of("1001")
    assert len(lanes[(first, "erp")]) == 6
    assert all(len(set(numbers)) == len(numbers) for numbers in lanes.values())
    planned = [data["delivery"] for kind, data in book.events(first) if kind == "delivery.planned"]
    in_lanes = sorted(book.rows(tables.delivery, subject=first), key=lambda row: int(row["lane"]))
    assert [row["id"] for row in in_lanes] == planned, "a lane is the order in which it was planned"


def test_a_delivery_is_ready_once_the_number_it_needs_is_known(book: Book) -> None:
    book.apply(book.order(version="1"))
    book.apply(book.order(version="2", number="#new"))
    (change,) = book.rows(tables.delivery, effect="changed")
    assert (json.loads(change["needs"]), change["ready"]) == ([["erp", "order"]], False)
    (created,) = book.rows(tables.delivery, effect="created", connection="erp")
    assert (created["needs"], created["ready"]) == (None, True)
    book.settle(created["id"], {"delivery_note": "1"})
    assert not book.rows(tables.delivery, effect="changed")[0]["ready"]
    book.settle(created["id"], {"order": "4711"})
    assert book.rows(tables.delivery, effect="changed")[0]["ready"]


def test_it_is_ready_at_once_where_the_number_is_known(book: Book) -> None:
    book.apply(book.order(version="1"))
    book.settle(book.rows(tables.delivery, connection="erp")[0]["id"], {"order": "4711"})
    book.apply(book.order(version="2", number="#new"))
    assert book.rows(tables.delivery, effect="changed")[0]["ready"]


def test_a_number_that_becomes_known_in_the_same_batch_is_enough(book: Book) -> None:
    """The order, its change, and the ERP's answer are drained at once."""
    answer = book.acknowledgement(about={"references": {"order": "4711"}})
    book.apply(book.order(version="1"), book.order(version="2", number="#new"), answer)
    (change,) = book.rows(tables.delivery, effect="changed")
    assert change["ready"]


def test_an_order_of_another_number_stays_unready(book: Book) -> None:
    book.apply(book.order("1001", "1"), book.order("1002", "1"))
    book.apply(book.order("1001", "2", number="#a"), book.order("1002", "2", number="#b"))
    subject = book.subject_of("1001")
    (created,) = book.rows(tables.delivery, subject=subject, connection="erp", effect="created")
    book.settle(created["id"], {"order": "4711"})
    ready = {row["subject"]: bool(row["ready"]) for row in book.rows(tables.delivery, effect="changed")}
    assert ready == {subject: True, book.subject_of("1002"): False}


def test_a_route_whose_condition_cannot_be_computed_is_a_dead_delivery_with_a_failure(book: Book) -> None:
    order = book.order(routes=shop.routes(shop.PIPELINE + shop.BROKEN_ROUTE))
    book.apply(order)
    assert book.states(order) == ["applied"]
    (dead,) = book.rows(tables.delivery, state="dead")
    assert (dead["connection"], dead["route"]) == ("wms", "orders/4")
    assert {row["connection"] for row in book.rows(tables.delivery, state="planned")} == {"erp", "crm"}
    (failure,) = book.rows(tables.failure)
    assert (failure["target_kind"], failure["target"], failure["connection"]) == ("delivery", dead["id"], "wms")
    assert "document.number > 5" in failure["text"]
    assert failure["text"] == dead["reason"]
    (system,) = book.rows(tables.order_system, system="wms")
    assert (system["expected"], system["actual"], system["note"]) == ("created", "failed", dead["reason"])
    book.require_folded()


def test_numbers_that_a_target_gives_may_be_anything(book: Book) -> None:
    """What cannot be kept is left out; a number that another order has stays there."""
    book.apply(book.order("1001"), book.order("1002"))
    for value, number in (("1001", "4711"), ("1002", "4711")):
        subject = book.subject_of(value)
        (created,) = book.rows(tables.delivery, subject=subject, connection="erp")
        book.settle(created["id"], {"order": number, "empty": "", "long": "x" * 300, "null": "\0", "k" * 50: "1"})
    numbers = {(row["kind"], row["value"]) for row in book.rows(tables.reference, system="erp")}
    assert numbers == {("order", "4711")}
    first, second = book.subject_of("1001"), book.subject_of("1002")
    assert book.subject_of("4711", system="erp") == first
    assert book.kinds(first).count("references.unfit") == 4
    assert "references.refused" in book.kinds(second)


def test_what_became_of_deliveries_stands_with_their_systems(book: Book) -> None:
    book.apply(book.order())
    (erp,) = book.rows(tables.delivery, connection="erp")
    (crm,) = book.rows(tables.delivery, connection="crm")
    book.now += 7
    book.settle(erp["id"], {"order": "4711"})
    book.settle(crm["id"], kind="failed")
    systems = {row["system"]: row for row in book.rows(tables.order_system)}
    assert (systems["erp"]["number"], systems["erp"]["actual"], systems["erp"]["note"]) == ("4711", "created", None)
    assert (systems["crm"]["actual"], systems["crm"]["note"]) == ("failed", "Refused: 422.")
    assert systems["crm"]["changed_at"] == book.now
    assert book.rows(tables.order_head)[0]["changed_at"] == book.now - 7, "the order itself did not change"
    book.require_folded()


VERSIONS = st.one_of(
    st.datetimes(timezones=st.timezones() | st.none()).map(lambda moment: moment.isoformat()),
    st.integers(0, 10**60).map(str),
    st.decimals(0, 10**12, places=4).map(str),
    st.text(max_size=200),
)


@given(VERSIONS, VERSIONS)
def test_any_two_versions_are_the_same_or_one_is_older_or_they_cannot_be_compared(one: str, other: str) -> None:
    first, second = revision_key(one), revision_key(other)
    assert len(first) <= 220
    assert not (is_older(first, second) and is_older(second, first))
    if first[:1] == second[:1]:
        assert (first == second) + is_older(first, second) + is_older(second, first) == 1


@given(st.integers(0, 10**60), st.integers(0, 10**60))
def test_numbers_are_older_as_they_are_less(one: int, other: int) -> None:
    assert is_older(revision_key(str(one)), revision_key(str(other))) == (one < other)


@given(st.decimals(0, 10**12, places=5), st.decimals(0, 10**12, places=3))
def test_so_are_numbers_with_a_fraction(one, other) -> None:
    assert is_older(revision_key(str(one)), revision_key(other)) == (one < other)


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_moments_are_older_as_they_are_earlier(one, other) -> None:
    assert is_older(revision_key(one.isoformat()), revision_key(other)) == (one < other)
