"""Mapping: orders a second of one core, beside Jinja2 a field, JMESPath, JSONata and Python by hand.

    python bench/mapping.py [--quick]

A Shopify order of five lines, 6 KB as JSON and decoded beforehand, becomes an Order by
`bench/mapping/order.yaml`, which looks up an article for each line. All five make the same, which is
checked first. `orders_per_s_validated` holds it against the canonical model, too. `growth` is the
time of one order of 10,000 lines by that of 100 orders of 100 lines, which are kept as well: about 1
if a line takes as long, however many there are. `compile_200_mappings_s` reads
and compiles the shipped mapping of Shopify's orders 200 times, `parse_200_mappings_s` only reads it.
Each is the best of many short rounds, in CPU-seconds, so that other work on the machine counts little;
ratios are of runs without validation.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from mapping_hand_written import Tree, to_order
from mapping_peers import Run, jinja2_a_field, jmespath_whole, jsonata_whole

from connectors.storefront.shopify.orders import order_json
from hub.contract.documents import Order
from hub.contract.registry import find_format
from hub.mapping import CrosswalkMissing, Mapping, compile_mapping
from hub.source import Node, Problems, parse, plain

SKUS = ("MUG-WHITE", "TEA-EARLGREY-100", "TEAPOT-1L", "SPOON-SET", "TRAY-OAK")
ARTICLES = {sku: f"{4_006_381_000_000 + number}" for number, sku in enumerate(SKUS)}
HEADER = {"source": "shop", "source_id": "6402100001001", "revision": "2026-03-02T10:15:00-05:00"}
MAPPING = Path(__file__).with_suffix("") / "order.yaml"
SHIPPED = Path(__file__).parents[1] / "mappings/shopify/order.yaml"
_UNUSED = ("admin_graphql_api_id", "price_set", "properties", "duties", "total_discount", "fulfillment_service")


def main() -> None:
    """Measure and print; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: a smoke test")
    rounds = 4 if parser.parse_args().quick else 25
    text = MAPPING.read_bytes()
    mapping, fields = _compiled(text, MAPPING.name), plain(_parsed(text, MAPPING.name))["fields"]
    order = _order(5)
    runs = _runs(mapping, fields)
    expected = to_order(order, ARTICLES)
    for name, run in runs.items():
        if run(order) != expected:
            raise SystemExit(f"{name} does not make the same Order")
    figures = {f"{name}_orders_per_s": 1 / _best(partial(run, order), rounds) for name, run in runs.items()}
    ours = figures.pop("crossdock_orders_per_s")
    figures = {
        "orders_per_s_validated": 1 / _best(lambda: _validated(runs["crossdock"], order), rounds),
        "orders_per_s": ours,
        **figures,
        **_compiling(rounds),
    }
    ratios = {name: ours / figures[f"{name}_orders_per_s"] for name in runs if name != "crossdock"}
    _print(figures, ratios | {"growth": _growth(runs["crossdock"], rounds)})


class _Answers:
    """Lookups of a mapping that asks for articles only."""

    def crosswalk(self, table: str, key: str, *, reverse: bool = False, on: date | None = None) -> str:
        if key not in ARTICLES:
            raise CrosswalkMissing(table, key)
        return ARTICLES[key]

    def xref(self, system: str, kind: str) -> str | None:
        return None

    def sequence(self, name: str) -> int:
        return 1


def _runs(mapping: Mapping, fields: Tree) -> dict[str, Run]:
    answers = _Answers()
    return {
        "crossdock": lambda source: mapping.run({"source": source}, answers),
        "per_field_jinja2": jinja2_a_field(fields, ARTICLES),
        "jmespath": jmespath_whole(ARTICLES),
        "jsonata": jsonata_whole(ARTICLES),
        "hand_written": lambda source: to_order(source, ARTICLES),
    }


def _validated(run: Run, source: Tree) -> Order:
    return Order.model_validate({**run(source), "header": HEADER})


def _order(lines: int) -> Tree:
    """An order as the hub's own JSON format decodes it."""
    written = order_json(
        1001, lines=[{"sku": SKUS[number % 5], "quantity": 2, "price": "12.50"} for number in range(lines)]
    )
    written["line_items"] = [
        {key: value for key, value in item.items() if key not in _UNUSED} for item in written["line_items"]
    ]
    [tree] = find_format("json").decode([json.dumps(written).encode()])
    found: Tree = tree.data
    return found


def _growth(run: Run, rounds: int) -> float:
    large, small = _order(10_000), [_order(100) for _ in range(100)]
    return _best(lambda: run(large), rounds // 2, 1) / _best(lambda: list(map(run, small)), rounds // 2, 1)


def _compiling(rounds: int) -> dict[str, float]:
    """Seconds for 200 mappings, each of the size of Shopify's orders."""
    text = SHIPPED.read_bytes()
    both = _best(lambda: _compiled(text, "order.yaml"), rounds, 10)
    reading = _best(lambda: _parsed(text, "order.yaml"), rounds, 10)
    return {"compile_200_mappings_s": both * 200, "parse_200_mappings_s": reading * 200}


def _parsed(text: bytes, file: str) -> Node:
    problems = Problems()
    node = parse(text, file, problems)
    problems.raise_if_errors()
    assert node is not None
    return node


def _compiled(text: bytes, file: str) -> Mapping:
    problems = Problems()
    mapping = compile_mapping(_parsed(text, file), problems)
    problems.raise_if_errors()
    assert mapping is not None
    return mapping


def _best(work: Callable[[], Any], rounds: int, times: int = 100) -> float:
    """CPU-seconds of one of `times` calls, in the fastest round."""
    spent = []
    for _ in range(rounds):
        gc.collect()
        begun = time.process_time()
        for _ in range(times):
            work()
        spent.append(time.process_time() - begun)
    return min(spent) / times


def _print(figures: dict[str, float], ratios: dict[str, float]) -> None:
    figures = {name: round(value, 3 if value < 100 else 0) for name, value in figures.items()}
    ratios = {name: round(value, 2) for name, value in ratios.items()}
    for name, value in (figures | ratios).items():
        print(f"{name:32} {value:>12,}")
    print(json.dumps({"bench": "mapping", "figures": figures, "ratios": ratios}))


if __name__ == "__main__":
    main()
