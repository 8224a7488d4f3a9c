"""Whatever the interleaving of the same webhooks, however often each comes and however many a batch takes:
the ledger ends in one state, and each target sees an order's revisions in their order.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.clock import SystemClock
from hub.contract.connector import Item, Page, Receipt
from hub.ledger.revisions import revision_key
from hub.runtime.drain import Drain
from hub.runtime.exchange import Exchange
from hub.runtime.outcomes import AttemptOutcome, Outcome
from hub.runtime.pages import PageStore
from hub.store import Store, tables
from hub.workspace import Workspace
from tests.runtime.hubs import Row, rows
from tests.runtime.webhooks import Webhook, webhook
from tests.runtime.workspaces import http_target, prepare, shop_to_targets

TARGETS = ("erp", "crm")
UNLIKE = {"subject", "changed_at"}
"""Columns that say by which id and when, and so differ between two runs."""


@dataclass(frozen=True)
class Arrivals:
    """Webhooks that arrive together, how many of them a drain takes at once, and whether deliveries go on then."""

    webhooks: tuple[Webhook, ...]
    batch: int
    deliver: bool


@st.composite
def histories(draw: st.DrawFn) -> list[Webhook]:
    """Orders with revisions: some say what the first said, some cannot be mapped, the last may cancel."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        kinds = draw(st.lists(st.sampled_from(["new", "new", "same", "bad"]), min_size=1, max_size=4))
        found += [revision(number, place, kind) for place, kind in enumerate(kinds, 1)]
        if draw(st.booleans()):
            found.append(webhook(number, 9, cancelled_at="2026-03-03T10:00:00Z"))
    return found


def revision(number: int, place: int, kind: str) -> Webhook:
    """The revision of an order that is its `place`-th."""
    if kind == "same":
        return webhook(number, place, total="1.00", lines=[{"id": number * 10, "sku": "MUG", "quantity": 1}])
    changes: dict[str, Any] = {"total": None} if kind == "bad" else {}
    return webhook(number, place, **changes)


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[Webhook], list[Arrivals]]:
    """A history in its order, and the same shuffled, repeated and cut into pieces."""
    history = draw(histories())
    again = draw(st.lists(st.sampled_from(history), max_size=4))
    once_more = [replace(one, id=f"{one.id}-more") for one in draw(st.lists(st.sampled_from(history), max_size=2))]
    pending = draw(st.permutations([*history, *again, *once_more]))
    pieces = []
    while pending:
        some = draw(st.integers(1, len(pending)))
        pieces.append(Arrivals(tuple(pending[:some]), draw(st.integers(1, 7)), draw(st.booleans())))
        pending = pending[some:]
    return history, pieces


class Run:
    """One run of a hub over some arrivals; `sent` is what each target got, (order, revision) in its order."""

    def __init__(self, store: Store, workspace: Workspace) -> None:
        self.store = store
        self.sent: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._drain = Drain(store, workspace, SystemClock(), "test")
        self._exchange = Exchange(store, workspace, SystemClock(), "test")
        self._pages = PageStore(store, SystemClock(), "shop")

    def take(self, pieces: Sequence[Arrivals]) -> None:
        """Take all arrivals, and deliver everything at the end."""
        for piece in pieces:
            self._pages.store(Page([Item(f"webhook:{one.id}", "shopify.order", one.body) for one in piece.webhooks]))
            self._drain._batch = piece.batch
            while self._drain.run_once():
                pass
            if piece.deliver:
                self._deliver(rounds=1)
        self._deliver(rounds=100)

    def _deliver(self, *, rounds: int) -> None:
        outcomes: list[Outcome] = []
        for _ in range(rounds):
            frozen = self._exchange.cycle(outcomes, dict.fromkeys(TARGETS, 3))
            for one in frozen:
                said = json.loads(one.out.body)
                self.sent[one.delivery.connection].append((said["order"], said["revision"]))
            outcomes = [Outcome(one, AttemptOutcome.DELIVERED, Receipt()) for one in frozen]
            if not frozen:
                return
        assert not self._exchange.cycle(outcomes, {})

    def ledger(self) -> dict[str, Any]:
        """What the ledger says of orders: heads, lines, and how the source knows them."""
        heads = {row["subject"]: row["number"] for row in rows(self.store, tables.order_head)}

        def said(row: Row) -> tuple[Any, ...]:
            return (heads.get(row["subject"]), *[value for name, value in row.items() if name not in UNLIKE])

        return {
            "heads": sorted(map(said, rows(self.store, tables.order_head)), key=repr),
            "lines": sorted(map(said, rows(self.store, tables.order_line)), key=repr),
            "systems": sorted(map(said, rows(self.store, tables.order_system, system="shop")), key=repr),
        }


@dataclass(frozen=True)
class Template:
    """A prepared database, and where copies of it go."""

    folder: Path
    workspace: Workspace
    numbers: Iterator[int]

    @contextmanager
    def run(self) -> Iterator[Run]:
        """A run on a copy."""
        path = self.folder / f"{next(self.numbers)}.db"
        shutil.copy(self.folder / "template.db", path)
        store = Store(f"sqlite:///{path}")
        try:
            yield Run(store, self.workspace)
        finally:
            store.close()
            for left in self.folder.glob(f"{path.name}*"):
                left.unlink()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """An empty database with the configuration in it."""
    folder = tmp_path_factory.mktemp("convergence")
    targets = {name: http_target(name, "http://127.0.0.1:9/") for name in TARGETS}
    store, workspace = prepare(f"sqlite:///{folder / 'template.db'}", shop_to_targets(targets))
    store.close()
    return Template(folder, workspace, count())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=interleavings())
def test_any_interleaving_of_the_same_webhooks_ends_in_one_state(
    template: Template, case: tuple[list[Webhook], list[Arrivals]]
) -> None:
    history, pieces = case
    with template.run() as in_order, template.run() as mixed:
        in_order.take([Arrivals((one,), 1, True) for one in history])
        mixed.take(pieces)
        assert mixed.ledger() == in_order.ledger()
        for run in (in_order, mixed):
            prove_delivered_in_order(run)


def prove_delivered_in_order(run: Run) -> None:
    """Each target got each order's revisions in their order, once, the newest one last, and agrees with the hub."""
    newest = {row["source_id"]: row["revision"] for row in applied(run.store)}
    for target in TARGETS:
        by_order: dict[str, list[str]] = defaultdict(list)
        for order, version in run.sent[target]:
            by_order[order].append(revision_key(version))
        assert all(keys == sorted(set(keys)) for keys in by_order.values())
        assert {order: keys[-1] for order, keys in by_order.items()} == newest
        for row in rows(run.store, tables.order_system, system=target):
            assert row["actual"] == row["expected"]
    assert {row["state"] for row in rows(run.store, tables.delivery)} <= {"delivered"}
    assert not {"received"} & {row["state"] for row in rows(run.store, tables.message)}


def applied(store: Store) -> list[Row]:
    """Applied documents, each order's newest last."""
    return sorted(rows(store, tables.document, state="applied"), key=lambda row: str(row["revision"]))
