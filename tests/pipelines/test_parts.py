"""Messages that are taken apart, and messages of which nothing is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.contract.errors import RejectedMessage
from hub.pipelines import Pipeline
from tests.pipelines.shop import PIPELINE
from tests.pipelines.test_pipeline import ORDER

Compile = Callable[[str], tuple[Pipeline | None, list[str]]]

APART = PIPELINE.replace("steps:", "each: source.orders\nsteps:").replace("source.updated_at", "message.sent_at")
IGNORED = "pipeline: echoes\nfrom: {connection: shop, types: [shop.event]}\nignore: the shop tells what we told it\n"


@pytest.fixture
def apart(compiled: Compile) -> Pipeline:
    pipeline, problems = compiled(APART)
    assert problems == []
    assert pipeline is not None
    return pipeline


def test_each_part_is_identified_by_itself_and_sees_the_whole(apart: Pipeline):
    whole: dict[str, Any] = {"sent_at": "2026-03-01T10:00:00Z", "orders": [{**ORDER, "id": 1}, {**ORDER, "id": 2}]}
    parts = apart.parts_of(whole, {})
    assert parts is not None
    found = [apart.identify(apart.variables(part, {}, whole)) for part in parts]
    assert [(one.value, one.version) for one in found] == [("1", whole["sent_at"]), ("2", whole["sent_at"])]


def test_one_part_that_stands_alone_is_a_list_of_one(apart: Pipeline):
    assert apart.parts_of({"orders": ORDER}, {}) == [ORDER]


@pytest.mark.parametrize("whole", [{}, {"orders": []}, {"orders": None}])
def test_a_message_without_parts_is_refused_and_not_passed_over(apart: Pipeline, whole: dict[str, Any]):
    with pytest.raises(RejectedMessage, match=r"takes each of 'source\.orders', of which the message has none"):
        apart.parts_of(whole, {})


def test_a_pipeline_without_each_takes_messages_whole(pipeline: Pipeline):
    assert pipeline.parts_of(ORDER, {}) is None


def test_several_numbers_of_one_kind_are_all_kept(compiled: Compile):
    pipeline, problems = compiled(PIPELINE.replace("po: source.po}", "po: source.pos}"))
    assert problems == []
    assert pipeline is not None
    identity = pipeline.identify(pipeline.variables({**ORDER, "pos": ["A", " B ", "", None]}, {}))
    assert identity.references["po"] == ("A", "B")


def test_what_is_ignored_says_why(compiled: Compile):
    pipeline, problems = compiled(IGNORED)
    assert problems == []
    assert pipeline is not None
    assert (pipeline.ignored, pipeline.routes) == ("the shop tells what we told it", ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (IGNORED + "subject: {order: source.id, intent: delta}\n", "has nothing but its name, from and ignore"),
        ("pipeline: x\nfrom: {document: Order}\nignore: no\n", "has nothing but its name, from and ignore"),
        (IGNORED.replace("shop,", "shp,"), "there is no connection 'shp'"),
        (IGNORED.replace("the shop tells what we told it", '""'), "'ignore'"),
    ],
)
def test_a_wrong_pipeline_that_ignores_is_refused(compiled: Compile, text: str, problem: str):
    _, problems = compiled(text)
    assert problem in " ".join(problems)
