"""Versions of the configuration: put in force, compared, taken back; and who did what."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.cli.watching import words_of
from hub.contract.clock import SystemClock
from hub.contract.errors import ConfigError
from hub.operations.configuration import checking, diffs, watching
from hub.operations.configuration.activating import Applied, apply_directory, roll_back
from hub.operations.configuration.diffs import NO_NEWLINE, NOT_TEXT, diff_directory, diff_files, diff_versions
from hub.operations.configuration.versions import list_versions, show_file, show_version
from hub.operations.configuration.watching import Refused, Watch
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.source.problems import ConfigurationRefused
from hub.store import Store
from hub.store.schema import migrate
from hub.store.tables import config_version
from hub.workspace.versions import load_active, short_version
from tests.operations.shop import write_workspace

MAPPING = "mappings/test/crm_order.yaml"
APPLY_AND_DIE = """
import os, signal, sys
from pathlib import Path
from hub.contract.clock import SystemClock
from hub.operations.configuration import activating
from hub.store import Store

activating.activate = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
activating.apply_directory(Store(sys.argv[1]), Path(sys.argv[2]), actor="ada", clock=SystemClock())
"""


@dataclass
class Place:
    """A workspace with a database, in which its first version is active."""

    root: Path
    store: Store

    def apply(self, actor: str = "ada") -> Applied:
        """Put the directory in force."""
        return apply_directory(self.store, self.root, actor=actor, clock=SystemClock())

    def roll_back(self, version: str) -> Applied:
        """Take back what came after a version."""
        return roll_back(self.store, version, actor="bob", clock=SystemClock())

    def rewrite(self, path: str, before: str, after: str) -> None:
        """Change a file."""
        text = (self.root / path).read_text()
        assert before in text
        (self.root / path).write_text(text.replace(before, after))

    @property
    def active(self) -> str:
        """The version that a process loads now."""
        with self.store.read() as connection:
            return load_active(connection).version


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A workspace that was applied once, on each kind of database."""
    monkeypatch.setenv("TEST_DATABASE", database_url)
    monkeypatch.setenv("TEST_SECRET", "hush-hush")
    for module in (checking, diffs):  # the library takes half a second at each check, and no part in this
        monkeypatch.setattr(module, "standard_library", dict)
    store = Store(database_url)
    migrate(store)
    made = Place(write_workspace(tmp_path / "workspace"), store)
    made.apply()
    yield made
    store.close()


def test_what_is_applied_and_taken_back_is_kept_with_who_did_it(place: Place) -> None:
    first = place.active
    place.rewrite(MAPPING, "number: source.number", "order: source.number")
    second = place.apply("carol")
    assert (second.before, second.files, second.restart) == (first, [MAPPING], [])
    assert place.active == second.version
    assert place.apply("carol").files == []
    assert place.roll_back(first[:6]).version == first == place.active
    lines = {one.version: one for one in list_versions(place.store, limit=9)}
    told = [(one.purpose, one.actor) for one in lines[first].activations]
    assert told == [("rollback", "bob"), ("apply", "ada")]
    assert [(one.purpose, one.actor) for one in lines[second.version].activations] == [("apply", "carol")]
    assert [one.active for one in lines.values()].count(True) == 1


def test_a_version_is_named_by_a_unique_beginning(place: Place) -> None:
    whole = place.active
    assert show_version(place.store, whole[:4].upper()).version == whole
    assert show_version(place.store, "active").version == whole
    with pytest.raises(BadInput, match="first 4 characters"):
        show_version(place.store, whole[:3])
    slip = whole[:6] + ("0" if whole[6] != "0" else "1") + whole[7:12]
    with pytest.raises(NotFound, match=f"did you mean '{whole[:12]}'"):
        show_version(place.store, slip)
    twin = {"version": whole[:-1] + ("0" if whole[-1] != "0" else "1"), "created_at": 0, "actor": "test"}
    with place.store.write() as connection:
        connection.execute(config_version.insert(), [twin])
    with pytest.raises(BadInput, match="more than one version"):
        show_version(place.store, whole[:8])
    assert show_version(place.store, whole).version == whole


def test_files_are_kept_byte_for_byte(place: Place) -> None:
    found = show_file(place.store, "active", MAPPING)
    assert found.content == (place.root / MAPPING).read_bytes()
    with pytest.raises(NotFound, match=f"did you mean '{MAPPING}'"):
        show_file(place.store, "active", "mappings/test/crm_orders.yaml")


def test_a_diff_is_unified_and_by_file(place: Place) -> None:
    first = place.active
    (place.root / "pipelines/orders.test.yaml").write_text("tests: []\n")  # is part of no version
    assert diff_directory(place.store, "active", place.root).files == []
    place.rewrite(MAPPING, "number: source.number", "order: source.number")
    (place.root / "config/connections/crm.yaml").write_text("wrong: [")  # need not be right
    changed, other = sorted(diff_directory(place.store, first, place.root).files, key=lambda one: one.path)[::-1]
    assert (changed.path, changed.change, other.path) == (MAPPING, "changed", "config/connections/crm.yaml")
    assert changed.text.startswith(f"--- a/{MAPPING}\n+++ b/{MAPPING}\n@@ ")
    assert "-  number: source.number\n+  order: source.number\n" in changed.text
    assert diff_versions(place.store, first, "active").files == []


def test_files_that_are_no_text_or_have_no_last_line_feed_differ_too() -> None:
    before = {"gone": b"a\n", "mixed": b"a\x0bb\xe2\x80\xa8c", "raw": b"\xff"}
    found = {one.path: one for one in diff_files(before, {"mixed": b"a\x0bb\xe2\x80\xa8d", "new": b"", "raw": b"\xfe"})}
    assert found["gone"].text == "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
    assert found["mixed"].text.count(NO_NEWLINE) == 2
    assert found["mixed"].text.count("\n") == 7
    assert (found["raw"].text, found["new"].change) == (NOT_TEXT, "added")


def test_what_is_wrong_is_refused_and_the_old_one_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = place.active
    place.rewrite("pipelines/orders.yaml", "map: test/erp_order,", "map: test/erp_ordr,")
    with pytest.raises(ConfigurationRefused, match=r"orders\.yaml:8"):
        place.apply()
    place.rewrite("pipelines/orders.yaml", "map: test/erp_ordr,", "map: test/erp_order,")
    place.rewrite("config/hub.yaml", "environment: test", "environment: other")
    with pytest.raises(ConfigError, match="the hub runs as 'test'"):
        place.apply()
    place.rewrite("config/hub.yaml", "environment: other", "environment: test\nworkers: 3")
    assert place.apply().restart == ["workers"]
    monkeypatch.delenv("TEST_SECRET")
    with pytest.raises(OperationRefused, match=r"(?s)cannot be used today.*TEST_SECRET"):
        place.roll_back(first)
    assert place.active != first


def test_a_kill_between_keeping_and_activating_leaves_what_was(place: Place) -> None:
    first = place.active
    place.rewrite(MAPPING, "number: source.number", "order: source.number")
    command = [sys.executable, "-c", APPLY_AND_DIE, place.store.url, str(place.root)]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert place.active == first
    assert place.apply().files == [MAPPING]


def test_a_watched_directory_is_applied_once_it_is_whole(place: Place) -> None:
    told: list[Applied | Refused] = []
    watch = Watch(place.root, place.active, actor="dora", clock=SystemClock(), tell=told.append)

    def look(times: int = 2) -> None:
        for _ in range(times):
            watch.look(place.store)

    look(3)
    assert told == []
    place.rewrite(MAPPING, "number: source.number", "order: source.number")
    look(1)
    assert told == [], "it may not be whole yet"
    look(1)
    applied = told.pop()
    assert isinstance(applied, Applied)
    assert (applied.files, applied.version) == ([MAPPING], place.active)
    place.rewrite(MAPPING, "source.number", "source.numbr |")
    look(3)
    refused = told.pop()
    assert isinstance(refused, Refused)
    assert refused.problems[0].startswith(f"{MAPPING}:5:")
    assert (told, place.active) == ([], applied.version)
    place.rewrite(MAPPING, "source.numbr |", "source.number")
    look(3)
    assert told == [], "it is as it was"
    assert list_versions(place.store, limit=1)[0].activations[0].purpose == "watch"


def test_what_was_taken_back_is_told_to_be_active_when_the_directory_follows(place: Place) -> None:
    first = place.active
    told: list[Applied | Refused] = []
    watch = Watch(place.root, first, actor="dora", clock=SystemClock(), tell=told.append)
    for before, after in (("number: source.number", "order: source.number"), ("order:", "number:")):
        place.rewrite(MAPPING, before, after)
        for _ in range(2):
            watch.look(place.store)
        place.roll_back(first)
    assert " ".join(words_of(told[-1])) == f"{short_version(first)} is active already"


def test_a_watch_outlives_what_nobody_foresaw(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Applied | Refused] = []
    watch = Watch(place.root, place.active, actor="dora", clock=SystemClock(), tell=told.append)
    with monkeypatch.context() as broken:
        broken.setattr(watching, "startable_workspace", lambda _: 1 // 0)
        for _ in range(3):
            watch.look(place.store)
    assert told == [Refused(["It cannot be used: ZeroDivisionError('integer division or modulo by zero')"])]
    place.rewrite(MAPPING, "number: source.number", "order: source.number")
    for _ in range(2):
        watch.look(place.store)
    assert isinstance(told[-1], Applied)


def test_a_directory_that_is_away_for_a_moment_is_refused_and_then_followed(place: Place) -> None:
    told: list[Applied | Refused] = []
    watch = Watch(place.root, place.active, actor="dora", clock=SystemClock(), tell=told.append)
    away = place.root.rename(place.root.with_name("away"))
    for _ in range(3):
        watch.look(place.store)
    assert [type(one) for one in told] == [Refused]
    away.rename(place.root)
    (place.root / "config/crosswalks/carriers.csv").write_text("from,to,valid_from,valid_to\nUPS,1,,\n")
    for _ in range(3):
        watch.look(place.store)
    assert isinstance(told[-1], Applied)
    assert told[-1].files == ["config/crosswalks/carriers.csv"]
