"""The numbers of subjects: the latest of each kind in each system."""

from __future__ import annotations

from hub.store import Store
from hub.store.references import number_of_subject, numbers_of
from tests.store import rows
from tests.store.rows import NOW


def test_the_latest_number_of_each_system_and_kind(store: Store) -> None:
    with store.write() as connection:
        order, other = rows.subject(connection), rows.subject(connection)
        rows.reference(connection, order, "4711", system="erp", at=NOW + 1)
        rows.reference(connection, order, "4710", system="erp", at=NOW)
        rows.reference(connection, order, "1001")
        rows.reference(connection, order, "PO-1", kind="po")
        rows.reference(connection, other, "9999", system="erp", at=NOW + 2)
        shop = ("shop", "order", "", "1001")
        assert number_of_subject(connection, shop, "erp", "order") == "4711"
        assert number_of_subject(connection, shop, "shop", "po") == "PO-1"
        assert number_of_subject(connection, shop, "crm", "order") is None
        assert number_of_subject(connection, ("shop", "order", "", "404"), "erp", "order") is None
        assert numbers_of(connection, [order, other]) == {
            order: {("erp", "order"): "4711", ("shop", "order"): "1001", ("shop", "po"): "PO-1"},
            other: {("erp", "order"): "9999"},
        }
        assert numbers_of(connection, []) == {}


def test_of_two_numbers_given_in_one_moment_both_ways_of_asking_find_the_same(store: Store) -> None:
    with store.write() as connection:
        order = rows.subject(connection)
        for value in ("2", "3", "1"):
            rows.reference(connection, order, value, system="erp")
        rows.reference(connection, order, "1001")
        asked = number_of_subject(connection, ("shop", "order", "", "1001"), "erp", "order")
        assert asked == numbers_of(connection, [order])[order][("erp", "order")] == "3"
