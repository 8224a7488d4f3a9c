"""The command line as a whole: quick, complete, and documented."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli.app import NOUNS, load
from hub.cli.options import parse_since
from hub.operations.errors import BadInput
from tests.cli.command import crossdock

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = [ROOT / "docs" / "reference" / name for name in ("cli.md", "cli-writing.md", "cli-config.md")]
HEAVY = {"aiohttp", "alembic", "asyncssh", "httpx", "jinja2", "lxml", "paramiko", "sqlalchemy", "starlette", "uvicorn"}
EVERYWHERE = {"--workspace", "--format"}
WITHOUT = {"demo", "sandbox", "connectors list", "connectors describe", "init", "schema"}
"""Commands that have no use for one of them."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its words."""
    for name in NOUNS:
        loaded = load(name)
        verbs = getattr(loaded, "commands", None)
        if verbs is None:
            yield name, loaded
        else:
            yield from ((f"{name} {verb}", command) for verb, command in verbs.items())


ALL = dict(commands())


def sections() -> dict[str, str]:
    """The reference's text by command: what stands below a heading that names it."""
    found: dict[str, str] = {}
    for page in REFERENCE:
        parts = re.split(r"^### `crossdock ([^`]+)`$", page.read_text(), flags=re.MULTILINE)
        found |= dict(zip(parts[1::2], parts[2::2], strict=True))
    return found


def test_help_imports_nothing_that_takes_long() -> None:
    program = (
        "import sys\n"
        "from hub.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('\\nLOADED', *sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.rpartition("LOADED")[2].split())
    assert "typer" in loaded
    assert loaded & HEAVY == set()
    assert all(name in ran.stdout for name in NOUNS)


async def test_the_version_is_told() -> None:
    assert re.fullmatch(r"crossdock \d+\.\d+\.\d+\S*\n", (await crossdock("--version")).out)


async def test_an_unknown_noun_is_a_matter_of_usage() -> None:
    ended = await crossdock("order", "list")
    assert ended.status == 2
    assert "orders" in ended.err


@pytest.mark.parametrize("words", ALL)
async def test_every_command_has_help(words: str) -> None:
    ended = await crossdock(*words.split(), "--help")
    assert ended.status == 0
    assert (ALL[words].help or "").split("\n")[0].split(".")[0].split(",")[0] in " ".join(ended.out.split())


def test_every_command_is_in_the_reference_and_no_other() -> None:
    assert sorted(sections()) == sorted(ALL)


@pytest.mark.parametrize("words", ALL)
def test_every_option_and_an_example_are_in_the_reference(words: str) -> None:
    section = sections()[words]
    options = {name for one in ALL[words].params if one.param_type_name == "option" for name in one.opts}
    assert {name for name in options - EVERYWHERE if f"`{name}" not in section} == set()
    named = {name.partition(" ")[0] for name in re.findall(r"`(--?[a-z][^`]*)`", section)}
    assert named - options - EVERYWHERE == set(), "the reference names options that there are not"
    assert f"crossdock {words}" in section, "an example is missing"


@pytest.mark.parametrize("words", sorted(set(ALL) - WITHOUT))
def test_every_command_takes_a_workspace_and_a_format(words: str) -> None:
    assert {name for one in ALL[words].params for name in one.opts} >= EVERYWHERE


def test_times_are_read_as_people_write_them() -> None:
    assert parse_since(None) is None
    assert parse_since("2026-03-31T14:30:00+02:00") == datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
    local = parse_since("2026-03-31")
    assert local is not None
    assert local.tzinfo is not None
    before = parse_since("2h")
    assert before is not None
    assert timedelta(hours=2) <= datetime.now(UTC) - before < timedelta(hours=3)
    with pytest.raises(BadInput):
        parse_since("2")
