"""Stories as people write them, and what they are told of mistakes."""

from __future__ import annotations

import pytest

from hub.contract.errors import ConfigError
from hub.runtime.sandbox import environment_of, read_story
from hub.source import ConfigurationRefused

GOOD = """\
story: demo
title: From the shop to the ERP
counterparts:
  shop:
    simulator: http
    settings: {price: 1.50}
    env: {SHOP_URL: url, SHOP_TOKEN: token}
steps:
  - title: A customer orders
    act: {counterpart: shop, action: place_order}
  - expect:
      - {counterpart: shop, path: /orders/a.b, equals: 1}
    within: 30s
"""


def test_a_good_story_is_read_with_its_places() -> None:
    story = read_story(GOOD, "config/stories/demo.yaml")
    assert (story.name, story.title) == ("demo", "From the shop to the ERP")
    assert [str(place) for place in story.places] == [
        "config/stories/demo.yaml:9:5",
        "config/stories/demo.yaml:11:5",
    ]
    assert story.steps[1].within.total_seconds() == 30
    assert story.steps[1].expect[0].path == ("orders", "a.b")
    assert story.counterparts["shop"].settings == {"price": "1.50"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "counterpart: shop, action",
            "counterpart: shp, action",
            "demo.yaml:10:24: unknown-counterpart: .*did you mean 'shop'",
        ),
        ("counterpart: shop, path", "counterpart: shp, path", "demo.yaml:12:23: unknown-counterpart"),
        ("simulator: http", "simulator: htp", "demo.yaml:5:16: unknown-connector: .*did you mean 'http'"),
        ("within: 30s", "within: soon", "demo.yaml:13:13"),
        ("within: 30s", "wthin: 30s", "demo.yaml:13:5: unknown-key: .*did you mean 'within'"),
        ("title: A customer orders\n", "run: crossdock orders list\n", "demo.yaml:9:5: .*exactly one of act"),
        ("act: {counterpart: shop, action: place_order}", "run: rm -rf x", "begins with `crossdock`"),
        ("act: {counterpart: shop, action: place_order}", "run: crossdock 'x", "No closing quotation"),
        ("act: {counterpart: shop, action: place_order}", "within: 3s", "exactly one of act"),
        ("equals: 1}", "equals: 1, absent: true}", "exactly one of equals"),
        (", equals: 1}", "}", "exactly one of equals"),
        ("{counterpart: shop, path: /orders/a.b, equals: 1}", "{path: a, equals: 1}", "exactly one of order"),
        ("{counterpart: shop, path: /orders/a.b, equals: 1}", "{failures: {}, equals: 1}", "stand inside"),
        ("path: /orders/a.b", "path: orders..b", "has an empty part"),
        ("story: demo", "story: ../demo", "demo.yaml:1:8"),
        ("  shop:\n", "  ../shop:\n", "demo.yaml:4:3"),
        ("steps:", "stips:", "missing key 'steps'"),
    ],
)
def test_a_mistake_is_refused_at_its_place(old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationRefused, match=told):
        read_story(GOOD.replace(old, new), "demo.yaml")


@pytest.mark.parametrize("text", ["", "# nothing", "- 1", "a: [", "\x00", "story: *x"])
def test_what_is_no_story_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"demo\.yaml"):
        read_story(text, "demo.yaml")


def test_the_hub_is_told_where_the_counterparts_are() -> None:
    story = read_story(GOOD, "demo.yaml")
    endpoints = {"shop": {"url": "http://127.0.0.1:1", "token": "t", "port": "1"}}
    assert environment_of(story, endpoints) == {"SHOP_URL": "http://127.0.0.1:1", "SHOP_TOKEN": "t"}


def test_an_endpoint_without_the_key_is_named() -> None:
    story = read_story(GOOD, "demo.yaml")
    with pytest.raises(ConfigError, match=r"SHOP_TOKEN from shop's 'token'.*did you mean 'tokn'.*it gives tokn, url"):
        environment_of(story, {"shop": {"url": "http://127.0.0.1:1", "tokn": "t"}})
