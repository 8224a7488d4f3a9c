"""SFTP against real servers: what is read, written and renamed, and what a cut connection means."""

from __future__ import annotations

import os
import socket
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest
from pydantic import ValidationError

from connectors.transports.sftp import SftpSettings, SftpTransport
from hub.contract.errors import AuthError, ConfigError, InDoubt, RejectedMessage, TransientError
from hub.contract.testkit import FakeState, fake_context
from hub.contract.transport import FileTransport
from tests.servers.held import free_port
from tests.transports.conftest import Remote
from tests.transports.sftp_server import PASSWORD, FaultyServer

MEGABYTE = 1024 * 1024
BIG = 64 * MEGABYTE


def names(remote: Remote) -> list[str]:
    return [file.name for file in remote.transport.list(remote.base)]


def listed_again(transport: SftpTransport) -> list[str]:
    """The names listed; the first call may still meet a dead session, then it says so and the next one works."""
    try:
        return [file.name for file in transport.list("")]
    except TransientError:
        return [file.name for file in transport.list("")]


def test_what_is_written_is_listed_and_read(remote: Remote) -> None:
    transport: FileTransport = remote.transport
    transport.write(remote.path("orders.csv"), b"sku;qty\n")
    os.utime(remote.root / "orders.csv", (1_700_000_000, 1_700_000_000))
    (file,) = transport.list(remote.base)
    assert (file.name, file.path, file.size, file.mtime) == (
        "orders.csv",
        remote.path("orders.csv"),
        8,
        1_700_000_000,
    )
    assert b"".join(transport.read(file.path)) == b"sku;qty\n"


def test_a_shorter_file_replaces_a_longer_one(remote: Remote) -> None:
    remote.transport.write(remote.path("a"), b"longer than the next")
    remote.transport.write(remote.path("a"), b"short")
    remote.transport.write(remote.path("empty"), b"")
    assert (remote.root / "a").read_bytes() == b"short"
    assert b"".join(remote.transport.read(remote.path("empty"))) == b""


def test_the_oldest_file_comes_first_and_only_plain_files_come(remote: Remote) -> None:
    for name, mtime in (("b", 300), ("a", 200), ("c", 100)):
        (remote.root / name).write_bytes(b"x")
        os.utime(remote.root / name, (mtime, mtime))
    (remote.root / "directory").mkdir()
    (remote.root / "link").symlink_to(remote.root / "a")
    assert names(remote) == ["c", "a", "b"]


def test_a_rename_moves_a_file_and_keeps_its_time(remote: Remote) -> None:
    (remote.root / "a").write_bytes(b"1")
    os.utime(remote.root / "a", (500, 500))
    remote.transport.make_directory(remote.path("taken"))
    remote.transport.make_directory(remote.path("taken"))
    assert remote.transport.rename(remote.path("a"), remote.path("taken/a"))
    assert not remote.transport.exists(remote.path("a"))
    assert remote.transport.list(remote.path("taken"))[0].mtime == 500


def test_a_rename_never_replaces(remote: Remote) -> None:
    (remote.root / "a").write_bytes(b"1")
    (remote.root / "b").write_bytes(b"2")
    (remote.root / "dangling").symlink_to(remote.root / "nowhere")
    assert not remote.transport.rename(remote.path("a"), remote.path("b"))
    assert not remote.transport.rename(remote.path("a"), remote.path("dangling"))
    assert not remote.transport.rename(remote.path("gone"), remote.path("c"))
    assert sorted(os.listdir(remote.root)) == ["a", "b", "dangling"]
    assert (remote.root / "b").read_bytes() == b"2"


def test_a_rename_never_replaces_at_a_server_that_would(server: FaultyServer, transport: SftpTransport) -> None:
    server.replaces = True
    transport.write("a", b"1")
    transport.write("b", b"2")
    assert not transport.rename("a", "b")
    assert b"".join(transport.read("b")) == b"2"


@pytest.mark.parametrize("raw", [b"\xff\xfe.csv", b"new\nline.csv", b"-rf *", "Bestellung Ü.csv".encode(), b"a\\b"])
def test_odd_names_are_taken_like_others(remote: Remote, raw: bytes) -> None:
    Path(os.fsdecode(os.fsencode(remote.root) + b"/" + raw)).write_bytes(b"content")
    (file,) = remote.transport.list(remote.base)
    assert os.fsencode(file.name) == raw
    assert b"".join(remote.transport.read(file.path)) == b"content"
    assert remote.transport.rename(file.path, remote.path("moved"))
    assert names(remote) == ["moved"]


def test_names_that_lead_out_of_the_directory_are_not_listed(server: FaultyServer, transport: SftpTransport) -> None:
    server.extra_names = [b"../escape", b"/etc/passwd", b"sub/file", b"nul\0l", b"plain"]
    assert [file.name for file in transport.list("")] == ["plain"]


def test_missing_things_say_what_to_do(remote: Remote) -> None:
    with pytest.raises(ConfigError, match="make the directory there"):
        remote.transport.list(remote.path("nope"))
    with pytest.raises(ConfigError, match="make the directory there"):
        remote.transport.write(remote.path("nope/a"), b"x")
    with pytest.raises(RejectedMessage, match="is gone"):
        list(remote.transport.read(remote.path("nope")))
    assert not remote.transport.exists(remote.path("nope"))


def test_a_file_in_the_place_of_a_directory_is_said(remote: Remote) -> None:
    (remote.root / "a").write_bytes(b"x")
    with pytest.raises(ConfigError, match="is no directory"):
        remote.transport.make_directory(remote.path("a"))


def test_a_big_file_flows_in_flat_memory(remote: Remote) -> None:
    with (remote.root / "big").open("wb") as big:
        for number in range(BIG // MEGABYTE):
            big.write(number.to_bytes(4, "big") * (MEGABYTE // 4))
    tracemalloc.start()
    try:
        size = 0
        for chunk in remote.transport.read(remote.path("big")):
            assert chunk[:4] == (size // MEGABYTE).to_bytes(4, "big")
            size += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == BIG
    assert peak < 24 * MEGABYTE


def test_a_server_that_gives_small_blocks_is_read_whole(server: FaultyServer, transport: SftpTransport) -> None:
    server.most_read = 10_000
    body = os.urandom(3 * MEGABYTE + 17)
    (server.root / "a").write_bytes(body)
    assert b"".join(transport.read("a")) == body
    requests = server.calls.count("read")
    assert requests < 2 * len(body) / 10_000 + 100


def test_other_calls_may_come_between_the_chunks_of_a_file(remote: Remote) -> None:
    body = os.urandom(5 * MEGABYTE)
    (remote.root / "a").write_bytes(body)
    read = b""
    for chunk in remote.transport.read(remote.path("a")):
        read += chunk
        assert names(remote) == ["a"]
    assert read == body


def test_threads_may_share_a_transport(remote: Remote) -> None:
    bodies = {f"f{number}": os.urandom(200_000) for number in range(6)}
    for name, body in bodies.items():
        (remote.root / name).write_bytes(body)
    read: dict[str, bytes] = {}

    def fetch(name: str) -> None:
        read[name] = b"".join(remote.transport.read(remote.path(name)))

    threads = [threading.Thread(target=fetch, args=(name,)) for name in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == bodies


def test_one_session_carries_all_calls(server: FaultyServer, transport: SftpTransport) -> None:
    for number in range(20):
        transport.write(f"f{number}", b"x")
    assert len(transport.list("")) == 20
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda server: server.disconnect(), id="cut while idle"),
        pytest.param(lambda server: server.restart(), id="server restarted"),
    ],
)
def test_a_dead_session_is_opened_again(
    server: FaultyServer, transport: SftpTransport, change: Callable[[FaultyServer], None]
) -> None:
    transport.write("a", b"x")
    change(server)
    assert listed_again(transport) == ["a"]


def test_a_cut_while_reading_can_be_tried_again(server: FaultyServer, transport: SftpTransport) -> None:
    (server.root / "a").write_bytes(b"x" * 100)
    for fault, function in (
        ("before scandir", lambda: transport.list("")),
        ("before lstat", lambda: transport.exists("a")),
        ("before read", lambda: list(transport.read("a"))),
    ):
        server.faults = [fault]
        with pytest.raises(TransientError, match="was lost"):
            function()
    assert b"".join(transport.read("a")) == b"x" * 100


@pytest.mark.parametrize("fault", ["before rename", "after rename"])
def test_a_cut_while_renaming_is_in_doubt(server: FaultyServer, transport: SftpTransport, fault: str) -> None:
    transport.write("a", b"x")
    server.faults = [fault]
    with pytest.raises(InDoubt, match="was lost while a was changed"):
        transport.rename("a", "b")
    assert transport.exists("b") is (fault == "after rename")


def test_a_cut_while_writing_is_in_doubt(server: FaultyServer, transport: SftpTransport) -> None:
    server.faults = ["after write"]
    with pytest.raises(InDoubt):
        transport.write("a", b"x" * MEGABYTE)


def test_a_changed_host_key_gets_nothing(server: FaultyServer, transport: SftpTransport) -> None:
    transport.list("")
    old = server.fingerprint
    server.passwords.clear()
    server.restart(new_key=True)
    with pytest.raises(AuthError, match="another host key") as caught:
        listed_again(transport)
    assert old in caught.value.message
    assert server.fingerprint in caught.value.message
    assert server.passwords == []


@pytest.mark.parametrize("pin", ["line", "commented line", "fingerprint"])
def test_a_host_key_is_pinned_as_line_or_fingerprint(server: FaultyServer, pin: str) -> None:
    text = {
        "line": server.host_key,
        "commented line": f"{server.host_key} root@partner ",
        "fingerprint": server.fingerprint,
    }
    transport = SftpTransport(server.settings(host_key=text[pin]))
    assert transport.list("") == []
    transport.close()


def offered_key(server: FaultyServer) -> str:
    return f"host_key_offered:127.0.0.1:{server.port}"


def trusted_key(server: FaultyServer) -> str:
    return f"host_key:127.0.0.1:{server.port}"


def test_without_a_trusted_key_the_offered_one_is_shown(server: FaultyServer) -> None:
    with pytest.raises(AuthError, match="not trusted yet") as caught:
        SftpTransport(server.settings(host_key="")).list("")
    assert f"set host_key: {server.host_key}" in caught.value.message
    assert f"ssh-ed25519 {server.fingerprint}" in caught.value.message
    assert server.passwords == []


def test_the_offered_key_is_noted_for_a_person_to_confirm(server: FaultyServer) -> None:
    state = FakeState()
    transport = SftpTransport(server.settings(host_key=""), fake_context("acme-sap", state=state))
    with pytest.raises(AuthError, match="`crossdock connections trust acme-sap`"):
        transport.list("")
    assert state.values == {offered_key(server): server.host_key}
    assert server.passwords == []


def test_a_confirmed_key_is_trusted_from_the_next_session_on(server: FaultyServer) -> None:
    state = FakeState()
    transport = SftpTransport(server.settings(host_key=""), fake_context(state=state))
    with pytest.raises(AuthError):
        transport.list("")
    state.values[trusted_key(server)] = server.host_key
    assert transport.list("") == []
    transport.close()


def test_another_key_than_the_confirmed_one_gets_nothing(server: FaultyServer) -> None:
    state = FakeState({trusted_key(server): server.host_key})
    transport = SftpTransport(server.settings(host_key=""), fake_context("acme-sap", state=state))
    assert transport.list("") == []
    old = server.fingerprint
    server.passwords.clear()
    server.restart(new_key=True)
    with pytest.raises(AuthError, match="`crossdock connections trust acme-sap`") as caught:
        listed_again(transport)
    assert old in caught.value.message
    assert server.fingerprint in caught.value.message
    assert state.values == {
        trusted_key(server): state.values[trusted_key(server)],
        offered_key(server): server.host_key,
    }
    assert server.passwords == []


def test_a_key_is_confirmed_for_one_server_only(server: FaultyServer) -> None:
    state = FakeState({"host_key:127.0.0.1:22": server.host_key, "host_key:sftp.example:22": server.host_key})
    with pytest.raises(AuthError, match="not trusted yet"):
        SftpTransport(server.settings(host_key=""), fake_context(state=state)).list("")


def test_the_key_of_the_settings_stands_above_a_confirmed_one(server: FaultyServer) -> None:
    state = FakeState({trusted_key(server): server.host_key})
    other = f"SHA256:{'A' * 43}"
    with pytest.raises(AuthError, match="set host_key: ssh-ed25519") as caught:
        SftpTransport(server.settings(host_key=other), fake_context(state=state)).list("")
    assert other in caught.value.message
    assert state.values == {trusted_key(server): server.host_key}
    transport = SftpTransport(server.settings(), fake_context(state=FakeState({trusted_key(server): "ssh-rsa AAAA"})))
    assert transport.list("") == []
    transport.close()


def test_a_wrong_password_is_refused_and_not_told(server: FaultyServer) -> None:
    with pytest.raises(AuthError, match="refused the credentials of user 'acme'") as caught:
        SftpTransport(server.settings(password="falsch-0815")).list("")
    assert "falsch-0815" not in f"{caught.value.message}{caught.value.detail}{caught.value.where}"


def test_a_cut_at_sign_in_is_no_refusal(server: FaultyServer, transport: SftpTransport) -> None:
    server.faults = ["at sign-in"]
    with pytest.raises(TransientError):
        transport.list("")
    assert transport.list("") == []


def test_a_directory_without_permission_needs_a_person(server: FaultyServer, transport: SftpTransport) -> None:
    (server.root / "secret").mkdir()
    server.denied = b"secret"
    with pytest.raises(AuthError, match="denies user 'acme' the access to secret"):
        transport.list("secret")


KEYS = [
    ("ssh-ed25519", "openssh"),
    ("ssh-ed25519", "pkcs8-pem"),
    ("ecdsa-sha2-nistp256", "openssh"),
    ("ecdsa-sha2-nistp384", "pkcs8-pem"),
    ("ecdsa-sha2-nistp521", "pkcs1-pem"),
    ("ssh-rsa", "openssh"),
    ("ssh-rsa", "pkcs8-pem"),
    ("ssh-rsa", "pkcs1-pem"),
]


@pytest.mark.parametrize(("kind", "form"), KEYS)
@pytest.mark.parametrize("passphrase", [None, "wort"])
def test_keys_of_all_forms_sign_in(server: FaultyServer, kind: str, form: str, passphrase: str | None) -> None:
    key = asyncssh.generate_private_key(kind)
    server.user_keys = [key.export_public_key()]
    text = key.export_private_key(form, passphrase=passphrase, rounds=50).decode()
    transport = SftpTransport(server.settings(private_key=text, passphrase=passphrase))
    assert transport.list("") == []
    transport.close()


def test_an_unknown_key_is_refused(server: FaultyServer) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(AuthError, match="refused the credentials"):
        SftpTransport(server.settings(private_key=key)).list("")


def test_an_unreachable_server_can_be_tried_again() -> None:
    settings = SftpSettings(
        host="127.0.0.1", port=free_port(), user="u", password=PASSWORD, host_key="SHA256:" + "A" * 43
    )
    with pytest.raises(TransientError, match="cannot be reached"):
        SftpTransport(settings).list("")


def test_a_server_that_does_not_speak_ssh_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = SftpSettings(host="127.0.0.1", port=mute.getsockname()[1], user="u", password=PASSWORD, timeout=0.3)
        with pytest.raises(TransientError, match="No SFTP session"):
            SftpTransport(settings).list("")


def test_a_closed_transport_opens_again(transport: SftpTransport) -> None:
    transport.write("a", b"x")
    transport.close()
    transport.close()
    assert transport.exists("a")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": None}, "give a password or a private_key"),
        ({"private_key": "-----BEGIN nonsense"}, "private_key is no key in PEM or OpenSSH form"),
        ({"host_key": "AAAA"}, "ssh-ed25519 AAAA"),
        ({"host_key": "SHA256:short!"}, "SHA256"),
        ({"host_key": "ssh-ed25519 BBBB"}, "ssh-ed25519 AAAA"),
        ({"port": 0}, "port"),
        ({"paswort": "x"}, "paswort"),
    ],
)
def test_wrong_settings_are_refused_without_showing_secrets(changes: dict[str, object], reason: str) -> None:
    right = {"host": "sftp.example", "user": "u", "password": PASSWORD, "host_key": ""}
    with pytest.raises(ValidationError, match=reason) as caught:
        SftpSettings.model_validate({**right, **changes})
    assert PASSWORD not in str(caught.value)
    assert "nonsense" not in str(caught.value)


def test_a_key_without_its_passphrase_is_refused() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="wort", rounds=50).decode()
    with pytest.raises(ValidationError, match="give its passphrase"):
        SftpSettings(host="h", user="u", private_key=key)
    with pytest.raises(ValidationError, match="passphrase is wrong"):
        SftpSettings(host="h", user="u", private_key=key, passphrase="falsch")
