"""`connections` and `connectors`: pausing, host keys, shadow, and what a connector says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli.session import actor
from tests.cli.command import crossdock
from tests.operations.hub_process import Hub
from tests.transports.sftp_server import PASSWORD, FaultyServer

ROOT = Path(__file__).resolve().parents[2]


async def test_a_paused_connection_says_who_paused_it_and_why(hub: Hub) -> None:
    paused = await crossdock("connections", "pause", "crm", "--reason", "The CRM is [bold]moved.")
    assert paused.out == f"crm is paused. {actor()} paused it: The CRM is [bold]moved.\n"
    again = await crossdock("connections", "pause", "crm")
    assert again.out == (
        f"crm is paused. {actor()} paused it.\nIt was paused before: {actor()} paused it: The CRM is [bold]moved.\n"
    )
    assert f": {actor()} paused it." in (await crossdock("connections", "list")).out
    await hub.receive(number=1)
    await hub.settle()
    assert hub.effect_count("crm") == 0
    assert f"crm is paused: {actor()} paused it." in (await crossdock("orders", "show", "#1001")).out
    resumed = await crossdock("connections", "resume", "crm")
    assert resumed.out == f"crm runs again. It was paused: {actor()} paused it.\n"
    await hub.deliver()
    assert hub.effect_count("crm") == 1
    [crm] = [one for one in (await crossdock("connections", "list", "--format", "json")).json if one["name"] == "crm"]
    assert [(act["actor"], act["did"]) for act in crm["acts"]] == [
        (actor(), "resumed"),
        (actor(), "paused"),
        (actor(), "paused"),
    ]


async def test_shadow_is_listed_and_what_it_kept_is_sent_when_a_person_says_so(hub: Hub) -> None:
    hub.rewrite("config/connections/crm.yaml", "type: http\n", "type: http\nshadow: true\n")
    await hub.receive(number=1)
    await hub.settle()
    assert (hub.effect_count("erp"), hub.effect_count("crm")) == (1, 0)
    assert "in shadow: what is due is rendered and kept, and not sent" in (await crossdock("connections", "list")).out
    shown = (await crossdock("orders", "show", "#1001", "--format", "json")).json
    [kept] = [one for one in shown["deliveries"] if one["connection"] == "crm"]
    assert kept["state"] == "shadowed"
    [message] = (await crossdock("messages", "list", "--state", "shadowed", "--format", "json")).json["messages"]
    assert message["state"] == "shadowed"
    assert kept["reason"] == "The connection is in shadow: rendered, not sent."
    assert kept["reason"] in (await crossdock("orders", "show", "#1001")).out
    assert '{"number":"#1001"}' in (await crossdock("deliveries", "show", kept["id"][-8:])).out
    refused = await crossdock("connections", "resend", "crm", "--all")
    assert (refused.status, refused.out) == (4, "")
    assert "config/connections/crm.yaml:3" in refused.err
    hub.rewrite("config/connections/crm.yaml", "shadow: true\n", "")
    await hub.deliver()
    assert hub.effect_count("crm") == 0
    resent = await crossdock("connections", "resend", "crm", "--all")
    assert resent.out == f"1 delivery to crm will be sent.\n  {kept['id'][-8:]}\n"
    await hub.deliver()
    assert hub.effects("crm") == {f"test:{kept['id']}:1": 1}
    assert (await crossdock("connections", "resend", "crm", "--all")).out == "0 deliveries to crm will be sent.\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    """An SFTP server."""
    for name in ("in", "out"):
        (tmp_path / "root" / name).mkdir(parents=True)
    with FaultyServer(tmp_path / "root").running() as running:
        yield running


@pytest.fixture
def files(hub: Hub, server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> FaultyServer:
    """The hub has a connection to that server, whose key it does not know."""
    monkeypatch.setenv("TEST_PASSWORD", PASSWORD)
    (hub.root / "config/connections/files.yaml").write_text(
        "connection: files\ntype: sap_idoc\n"
        f"sftp: {{host: 127.0.0.1, port: {server.port}, user: acme, password: '${{env:TEST_PASSWORD}}', timeout: 10}}\n"
        "inbox: {directory: out}\noutbox: {directory: in}\n"
    )
    return server


async def test_a_host_key_is_shown_and_trusted_by_its_fingerprint_alone(files: FaultyServer) -> None:
    unwell = await crossdock("connections", "test", "files")
    assert unwell.status == 1
    assert files.fingerprint in unwell.out
    nobody = await crossdock("connections", "trust", "files")
    assert (nobody.status, nobody.out) == (4, "")
    assert f"say --fingerprint {files.fingerprint}" in nobody.err
    other = await crossdock("connections", "trust", "files", "--fingerprint", f"SHA256:{'A' * 43}")
    assert other.status == 4
    assert "It is not trusted" in other.err
    assert files.passwords == []
    trusted = await crossdock("connections", "trust", "files", "--fingerprint", files.fingerprint)
    assert (trusted.status, trusted.out.splitlines()[0]) == (0, "✓ files is well")
    assert files.passwords == [PASSWORD]
    assert (await crossdock("connections", "trust", "files")).status == 0
    assert (await crossdock("connections", "trust", "files", "--fingerprint", files.fingerprint)).status == 0
    late = await crossdock("connections", "trust", "files", "--fingerprint", f"SHA256:{'A' * 43}")
    assert (late.status, late.out) == (4, "")
    assert f"It trusts {files.fingerprint}." in late.err


async def test_a_fingerprint_is_not_confirmed_by_a_server_that_is_away(files: FaultyServer) -> None:
    files.stop()
    ended = await crossdock("connections", "trust", "files", "--fingerprint", files.fingerprint)
    assert ended.status == 4
    assert "cannot be reached" in ended.err


@pytest.mark.parametrize(("answer", "status", "passwords"), [(b"y\n", 0, 1), (b"n\n", 4, 0), (b"\n", 4, 0)])
def test_a_person_at_a_terminal_is_asked(
    hub: Hub, files: FaultyServer, answer: bytes, status: int, passwords: int
) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "hub.cli", "connections", "trust", "files", "--workspace", str(hub.root)]
    os.write(ours, answer)
    ran = subprocess.run(command, cwd=ROOT, stdin=theirs, capture_output=True, text=True, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert ran.returncode == status, ran.stderr
    assert f"127.0.0.1:{files.port} offers ssh-ed25519 {files.fingerprint}." in ran.stderr
    assert "Does the server's operator confirm this fingerprint?" in ran.stderr
    assert ("✓ files is well" in ran.stdout) is (status == 0)
    assert len(files.passwords) == passwords


async def test_a_connector_is_described_for_people() -> None:
    out = (await crossdock("connectors", "describe", "sap_idoc")).out
    assert out.startswith("SAP (IDoc XML over SFTP)\n")
    assert "idempotency  yes. A transmission has one file name" in out
    lines = [line.split() for line in out.splitlines()]
    assert ["sftp.password", "text,", "secret"] in lines
    assert ["sftp.port", "whole", "number", "22"] in lines
    assert ["sftp.host", "text", "required"] in lines
    assert ["inbox.ready", "one", "of", "stable,", "done-file,", "renamed", "stable"] in lines


async def test_a_connector_is_described_for_programs() -> None:
    one = (await crossdock("connectors", "describe", "http", "--format", "json")).json
    assert (one["type"], one["family"], one["directions"], one["accepts"]) == ("http", "generic", ["push"], ["*"])
    assert [quality["name"] for quality in one["qualities"]] == [
        "signature",
        "idempotency",
        "ordering",
        "find",
        "backoff",
        "redaction",
    ]
    settings = {setting["key"]: setting for setting in one["settings"]}
    assert (settings["url"]["required"], settings["url"]["type"], settings["url"]["secret"]) == (True, "text", False)
    assert (settings["method"]["default"], settings["method"]["type"]) == ("POST", "one of POST, PUT, PATCH")
    assert settings["bearer_token"]["secret"]
    assert settings["headers"]["secret"]
    assert sorted(one["json_schema"]["properties"]) == sorted(settings)


async def test_what_is_listed_is_what_the_hub_runs(hub: Hub) -> None:
    (hub.root / "config/connections/crm.yaml").unlink()
    (hub.root / "pipelines/orders_to_crm.yaml").unlink(missing_ok=True)
    assert [one["name"] for one in (await crossdock("connections", "list", "--format", "json")).json] == [
        "crm",
        "erp",
        "shop",
    ]
    assert (await crossdock("connections", "pause", "crm")).status == 0
