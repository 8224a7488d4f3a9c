"""A story played against scripted sides: what a person sees of it."""

from __future__ import annotations

from typing import Any

from hub.runtime.sandbox import Outcome, play, read_story
from tests.sandbox.simulated import Heard, ScriptedCounterparts, ScriptedHub


def story_of(*steps: str) -> str:
    """A story with these steps, each one line of YAML."""
    head = ["story: demo", "title: A test", "counterparts: {shop: {simulator: http}, erp: {simulator: http}}", "steps:"]
    return "\n".join([*head, *(f"  - {step}" for step in steps)])


async def played(
    *steps: str, hub: ScriptedHub | None = None, **states: Any
) -> tuple[Outcome, Heard, ScriptedHub, ScriptedCounterparts]:
    hub, heard, counterparts = hub or ScriptedHub(), Heard(), ScriptedCounterparts(**states)
    outcome = await play(read_story(story_of(*steps), "demo.yaml"), hub, counterparts, heard)
    assert heard.outcome is outcome
    assert heard.checks == outcome.checks
    return outcome, heard, hub, counterparts


async def test_steps_act_on_both_sides_in_their_order() -> None:
    outcome, heard, hub, counterparts = await played(
        "{title: An order, act: {counterpart: shop, action: place_order, arguments: {price: 12.50, lines: [1]}}}",
        "{misbehave: {counterpart: erp, fault: error_500, times: 2}}",
        "{run: crossdock crosswalk add sap/materials 'MUG BLUE' 100-204}",
    )
    assert outcome.passed
    assert counterparts.acts == [("shop", "place_order", {"price": "12.50", "lines": [1]})]
    assert counterparts.faults == [("erp", "error_500", 2)]
    assert hub.commands == [["crosswalk", "add", "sap/materials", "MUG BLUE", "100-204"]]
    assert heard.outputs == ["did crosswalk"]
    assert heard.steps == [
        "1 An order (demo.yaml:5:5)",
        "2 erp: error_500 (demo.yaml:6:5)",
        "3 crossdock crosswalk add sap/materials 'MUG BLUE' 100-204 (demo.yaml:7:5)",
    ]


async def test_an_expectation_is_looked_at_until_it_holds() -> None:
    hub = ScriptedHub()

    def arrive(look: int) -> None:
        if look == 3:
            hub.orders["#1"] = {"systems": {"erp": {"actual": "acknowledged"}}}

    hub.on_look = arrive
    outcome, _, _, _ = await played(
        "{expect: [{order: '#1', path: systems.erp.actual, equals: acknowledged}]}", hub=hub
    )
    assert outcome.passed
    assert hub.looks == 3


async def test_all_expectations_of_a_step_hold_at_the_same_time() -> None:
    hub = ScriptedHub()
    hub.on_look = lambda look: hub.orders.update({"#1": {"seen": look}})
    outcome, heard, _, _ = await played(
        "{within: 300ms, expect: [{order: '#1', path: seen, equals: 1}, {order: '#1', path: seen, equals: 1}]}", hub=hub
    )
    assert not outcome.passed
    assert [check.passed for check in heard.checks] == [False, False]


async def test_what_does_not_come_is_reported_with_what_was_there_and_the_story_goes_on() -> None:
    outcome, heard, _, counterparts = await played(
        "{within: 50ms, expect: [{counterpart: erp, path: orders, equals: 1}, {order: '#1', absent: true}]}",
        "{act: {counterpart: shop, action: place_order}}",
        erp={"orders": 2},
    )
    assert not outcome.passed
    assert outcome.complete
    failed, fine = heard.checks
    assert (failed.passed, failed.found, str(failed.place)) == (False, 2, "demo.yaml:5:5")
    assert failed.what == "erp: orders is 1"
    assert fine.passed
    assert counterparts.acts


async def test_an_act_that_is_refused_ends_the_story_with_the_reason() -> None:
    outcome, heard, _, counterparts = await played(
        "{act: {counterpart: erp, action: refuse}}", "{act: {counterpart: shop, action: place_order}}"
    )
    assert not outcome.passed
    assert not outcome.complete
    assert [(check.what, check.found) for check in heard.checks] == [("erp: refuse", "erp knows no such thing.")]
    assert counterparts.acts == []


async def test_a_command_that_fails_ends_the_story_with_the_reason() -> None:
    outcome, heard, _, _ = await played("{run: crossdock break}")
    assert not outcome.passed
    assert heard.checks[0].found == "There is no command 'break'."


async def test_what_has_to_stay_is_watched_to_the_end() -> None:
    expect = "{expect: [{counterpart: erp, path: orders, equals: 1, stays: true}]}"
    outcome, heard, _, _ = await played(expect, "{run: crossdock orders list}", erp={"orders": 1})
    assert outcome.passed
    assert [check.kept for check in heard.checks] == [False, True]


async def test_what_should_have_stayed_is_reported_once_as_soon_as_it_is_gone() -> None:
    class Doubling(ScriptedCounterparts):
        async def act(self, name: str, action: str, arguments: Any) -> Any:
            self.states["erp"]["orders"] += 1

    heard = Heard()
    text = story_of(
        "{expect: [{counterpart: erp, path: orders, equals: 1, stays: true}]}",
        "{act: {counterpart: shop, action: place_order}}",
        "{run: crossdock orders list}",
    )
    outcome = await play(read_story(text, "demo.yaml"), ScriptedHub(), Doubling(erp={"orders": 1}), heard)
    assert not outcome.passed
    assert [(check.passed, check.kept, check.found) for check in heard.checks] == [(True, False, 1), (False, True, 2)]


async def test_failures_and_messages_are_counted_by_what_they_show() -> None:
    hub = ScriptedHub()
    hub.failed = [{"message": "no row for MUG-BLUE"}, {"message": "no row for MÜTZE"}]
    hub.arrived = [{"connection": "shop", "name": "a"}, {"connection": "erp", "name": "b"}]
    outcome, heard, _, _ = await played(
        "{within: 20ms, expect: [{failures: {count: 1, contains: MUG-BLUE}}, {failures: {contains: MÜTZE}}]}",
        "{within: 20ms, expect: [{messages: {where: {connection: shop}, count: 1}}, {failures: {contains: SHIRT}}]}",
        hub=hub,
    )
    assert [check.passed for check in heard.checks] == [True, True, True, False]
    assert not outcome.passed
