"""What a pipeline makes of a message, and where that goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.documents import Intent, Order
from hub.contract.errors import RejectedMessage
from hub.mapping import CrosswalkMissing, MappingFailed
from hub.pipelines import Filtered, Identity, Made, NotIdentified, Pipeline, tree_of
from tests.pipelines.shop import PIPELINE

Compile = Callable[[str], tuple[Pipeline | None, list[str]]]

ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "name": "#1001",
    "updated_at": "2026-03-01T10:00:00+01:00",
    "created_at": "2026-03-01T09:00:00+01:00",
    "currency": "EUR",
    "email": "a@example.com",
    "test": False,
    "lines": [{"id": 1, "sku": "A", "quantity": 2}, {"id": 2, "sku": "B", "quantity": Decimal("1.5")}],
}


class Numbers:
    """Lookups that know nothing."""

    def crosswalk(self, table: str, key: str, **options: Any) -> str:
        raise CrosswalkMissing(table, key)

    def xref(self, system: str, kind: str) -> str | None:
        return None

    def sequence(self, name: str) -> int:
        return 1


def make(pipeline: Pipeline, tree: dict[str, Any]) -> Made | Filtered:
    variables = pipeline.variables(tree, {})
    return pipeline.make(variables, pipeline.identify(variables), Numbers())


def seen(document: dict[str, Any], effect: str, connection: str) -> dict[str, Any]:
    """What the conditions of routes see."""
    return {"document": document, "effect": effect, "connection": connection, "origin": "shop"}


def variant(compiled: Compile, before: str, after: str) -> Pipeline:
    """The pipeline with one text replaced."""
    assert before in PIPELINE
    pipeline, problems = compiled(PIPELINE.replace(before, after))
    assert problems == []
    assert pipeline is not None
    return pipeline


def test_a_message_is_identified_before_it_is_mapped(pipeline: Pipeline):
    assert pipeline.identify(pipeline.variables(ORDER, {})) == Identity(
        subject_kind="order",
        system="acme",
        reference_kind="id",
        value="820982911946154508",
        version="2026-03-01T10:00:00+01:00",
        intent=Intent.SNAPSHOT,
        references={"number": "#1001"},
        occurred_at=datetime(2026, 3, 1, 9, 0, tzinfo=UTC),
    )
    bare = {"id": "7", "updated_at": "1"}
    assert pipeline.identify(pipeline.variables({**bare, "updated_at": "2026-03-01T10:00:00Z"}, {})).references == {}


def test_a_counterpart_may_know_the_subject_by_another_number_of_another_system(compiled: Compile):
    pipeline = variant(compiled, "order: source.id,", "order: {po: source.po}, of: erp,")
    identity = pipeline.identify(pipeline.variables({**ORDER, "po": " 4500017 "}, {}))
    assert (identity.system, identity.reference_kind, identity.value) == ("erp", "po", "4500017")


def test_headers_may_tell_the_version(compiled: Compile):
    pipeline = variant(compiled, "version: source.updated_at", "version: headers.triggered")
    assert pipeline.identify(pipeline.variables(ORDER, {"triggered": "v7"})).version == "v7"
    with pytest.raises(NotIdentified, match="cannot tell which revision of the order this is"):
        pipeline.identify(pipeline.variables(ORDER, {}))


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own zone is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_times_as_versions_sort(compiled: Compile):
    pipeline = variant(compiled, "version: source.updated_at", "version: source.updated_at | datetime")
    trees = [{**ORDER, "updated_at": at} for at in ("2026-03-01T10:00:00+02:00", "2026-03-01T09:00:00Z")]
    assert [pipeline.identify(pipeline.variables(tree, {})).version for tree in trees] == [
        "2026-03-01T08:00:00.000000Z",
        "2026-03-01T09:00:00.000000Z",
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "cannot tell which order this is: the expression 'source.id' found nothing"),
        ("", "cannot tell which order this is"),
        ("   ", "cannot tell which order this is"),
        ([], "'source.id' gives a list"),
        (True, "'source.id' gives a truth value, which is no number or text to name something by"),
        ({"a": 1}, "'source.id' gives an object"),
        ([1, 2], "'source.id' gives a list"),
        ("x" * 81, "'source.id' gives a text of 81 characters; at most 80 are taken"),
        (10**80, "'source.id' gives a text of 81 characters"),
    ],
)
def test_what_names_no_order_is_refused_with_the_place_of_the_expression(pipeline: Pipeline, value: Any, reason: str):
    with pytest.raises(NotIdentified) as raised:
        pipeline.identify(pipeline.variables({**ORDER, "id": value}, {}))
    assert reason in raised.value.message
    assert raised.value.where["file"] == "pipelines/orders.yaml"
    assert raised.value.where["line"] == 3
    assert raised.value.where["expression"] == "source.id"


@pytest.mark.parametrize("tree", [None, [], [{}, {}], "text", 5, {"id": {"id": []}}])
def test_a_tree_of_any_shape_is_refused_not_a_crash(pipeline: Pipeline, tree: Any):
    with pytest.raises(RejectedMessage):
        pipeline.identify(pipeline.variables(tree, {}))


def test_a_time_without_zone_is_refused(compiled: Compile):
    pipeline = variant(compiled, "occurred_at: source.updated_at | datetime", "occurred_at: source.at")
    for moment in (ORDER["updated_at"], datetime(2026, 3, 1)):  # noqa: DTZ001
        with pytest.raises(NotIdentified, match=r"no time with a zone; end the expression with \| datetime"):
            pipeline.identify(pipeline.variables({**ORDER, "at": moment}, {}))


@given(st.integers(0, 10**30) | st.decimals(0, 10**20, places=3) | st.text("ABC-12345", min_size=1, max_size=80))
def test_every_digit_of_a_number_is_kept(pipeline: Pipeline, value: Any):
    text = pipeline.identify(pipeline.variables({**ORDER, "id": value}, {})).value
    assert type(value)(text) == value


def test_the_document_carries_where_it_comes_from(pipeline: Pipeline):
    made = make(pipeline, ORDER)
    assert isinstance(made, Made)
    assert isinstance(made.document, Order)
    header = made.document.header
    assert (header.source, header.source_id) == ("acme", "820982911946154508")
    assert (header.revision, header.intent) == ("2026-03-01T10:00:00+01:00", Intent.SNAPSHOT)
    assert header.occurred_at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert made.mapping == "shop/order"
    assert made.document.lines[1].quantity.value == Decimal("1.5")


def test_the_bytes_of_a_document_are_read_back_as_the_same(pipeline: Pipeline):
    made = make(pipeline, ORDER)
    assert isinstance(made, Made)
    content = made.document.model_dump_json(exclude_none=True)
    assert Order.model_validate_json(content) == made.document
    assert tree_of(Order.model_validate_json(content)) == made.tree


def test_the_tree_has_defaults_and_plain_values(pipeline: Pipeline):
    made = make(pipeline, ORDER)
    assert isinstance(made, Made)
    assert made.tree["channel_class"] == "D2C"
    assert made.tree["cancelled"] is False
    assert "po_number" not in made.tree

    def leaves(value: Any) -> list[type]:
        if isinstance(value, dict):
            return [kind for inner in value.values() for kind in leaves(inner)]
        if isinstance(value, list):
            return [kind for inner in value for kind in leaves(inner)]
        return [type(value)]

    assert set(leaves(made.tree)) <= {str, int, Decimal, bool, date, datetime}


def test_every_field_that_the_document_refuses_is_named_at_its_place_in_the_mapping(pipeline: Pipeline):
    lines = [{"id": 1, "sku": "A", "quantity": 1}, {"id": "x" * 90, "sku": "B", "quantity": 1}]
    with pytest.raises(MappingFailed) as raised:
        make(pipeline, {**ORDER, "currency": "Euro", "channel": "phone", "lines": lines})
    errors = {error.field: (str(error.location), error.message) for error in raised.value.errors}
    assert sorted(errors) == ["channel_class", "currency", "lines[1].line_id"]
    assert errors["currency"][0].startswith("mappings/shop/order.yaml:6:")
    assert "and this is Euro" in errors["currency"][1]
    assert errors["channel_class"][0].startswith("mappings/shop/order.yaml:8:")
    assert errors["lines[1].line_id"][0].startswith("mappings/shop/order.yaml:13:")
    assert raised.value.where["mapping"] == "shop/order"
    assert len(raised.value.where["errors"]) == 3


def test_of_thousands_of_wrong_lines_the_first_hundred_are_reported(pipeline: Pipeline):
    lines = [{"id": "x" * 90, "sku": "A", "quantity": 1}] * 5000
    with pytest.raises(MappingFailed) as raised:
        make(pipeline, {**ORDER, "lines": lines})
    assert len(raised.value.errors) == 100


def test_a_tree_is_never_changed(compiled: Compile):
    pipeline = variant(compiled, "map: shop/order", "map: shop/whole")
    tree = {"id": 1, "updated_at": "2026-03-01T10:00:00Z", "number": "1", "currency": "EUR", "buyer": {}, "lines": []}
    before = deepcopy(tree)
    with pytest.raises(MappingFailed):
        make(pipeline, tree)
    assert tree == before


def test_a_field_that_a_document_needs_is_named(pipeline: Pipeline):
    with pytest.raises(MappingFailed, match="lines") as raised:
        make(pipeline, {**ORDER, "lines": []})
    assert raised.value.errors[0].location.file == "mappings/shop/order.yaml"


def test_what_the_mapping_cannot_make_is_its_own_failure(pipeline: Pipeline):
    with pytest.raises(MappingFailed, match="currency"):
        make(pipeline, {key: value for key, value in ORDER.items() if key != "currency"})


def test_a_filter_ends_the_way_and_says_why(pipeline: Pipeline, compiled: Compile):
    ended = make(pipeline, {**ORDER, "test": True})
    assert isinstance(ended, Filtered)
    assert (ended.reason, str(ended.location)) == ("not document.test", "pipelines/orders.yaml:8:13")
    before = variant(compiled, "  - map: shop/order\n", "  - filter: source.currency == 'EUR'\n  - map: shop/order\n")
    ended = make(before, {**ORDER, "currency": "usd, and no document could be made of it"})
    assert isinstance(ended, Filtered)
    assert ended.reason == "source.currency == 'EUR'"
    assert isinstance(make(before, ORDER), Made)


def test_a_filter_that_cannot_be_computed_is_a_failure_with_its_place(compiled: Compile):
    pipeline = variant(compiled, "not document.test", "document.currency > 5")
    with pytest.raises(RejectedMessage) as raised:
        make(pipeline, ORDER)
    assert raised.value.where["file"] == "pipelines/orders.yaml"
    assert raised.value.where["line"] == 8


def test_routes_by_effect(pipeline: Pipeline):
    made = make(pipeline, ORDER)
    assert isinstance(made, Made)
    wanted = {
        effect: [route.name for route in pipeline.routes if route.wants(seen(made.tree, effect, "shop"))]
        for effect in ("created", "changed", "acknowledged")
    }
    assert wanted == {"created": ["orders/1"], "changed": ["orders/2"], "acknowledged": []}
    create, change = pipeline.routes
    assert create.references_of(seen(made.tree, "created", "shop")) == {"po": "#1001"}
    assert change.references_of(seen(made.tree, "changed", "shop")) == {}
    assert (create.needs, [str(need) for need in change.needs]) == ((), ["xref.erp.order"])
    assert (create.to, create.mapping.name, create.mapping.target_type) == ("erp", "erp/order", "erp.order")


def test_a_pipeline_from_documents_filters_all_its_routes(compiled: Compile):
    pipeline, problems = compiled(
        "pipeline: acks\nfrom: {document: OrderAcknowledgement}\nfilter: connection != 'shop'\n"
        "routes:\n  - {to: shop, map: shop/confirmed}\n"
        "  - {to: crm, map: shop/confirmed, when: document.note, needs: [xref.acme.id, xref.erp.order]}\n"
    )
    assert problems == []
    assert pipeline is not None
    assert (pipeline.connection, pipeline.document_kind, pipeline.target_kind) == (
        None,
        "OrderAcknowledgement",
        "OrderAcknowledgement",
    )
    tree = {"order_number": "1"}
    assert [route.wants(seen(tree, "acknowledged", "erp")) for route in pipeline.routes] == [True, False]
    assert [route.wants(seen(tree, "acknowledged", "shop")) for route in pipeline.routes] == [False, False]
    assert [route.wants(seen({**tree, "note": "x"}, "acknowledged", "erp")) for route in pipeline.routes] == [
        True,
        True,
    ]
    assert [str(need) for need in pipeline.routes[1].needs] == ["xref.acme.id", "xref.erp.order"]
