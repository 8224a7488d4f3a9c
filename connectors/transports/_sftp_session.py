"""Opening an SFTP session: settings, the host key that is trusted, credentials.

A host key is trusted because the settings name it, or because a person confirmed it with
`crossdock connections trust`. The latter is kept in the connection's state as
`host_key:HOST:PORT`; what a server offers that is not trusted is noted there as
`host_key_offered:HOST:PORT` for that command to show. Both are `ssh-ed25519 AAAA…`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any, Self

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from paramiko.sftp import SFTPError
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.transports._sftp_client import SftpClient
from hub.contract.connector import ConnectorConfig, Context
from hub.contract.errors import AuthError, TransientError

_KEEPALIVE_SECONDS = 30

_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""Key types whose signature algorithms have other names (RFC 8332)."""


class SftpSettings(ConnectorConfig):
    """An account at an SFTP server."""

    model_config = ConfigDict(hide_input_in_errors=True)

    host: str = Field(min_length=1, description="Name or address of the server.")
    port: int = Field(22, ge=1, le=65_535, description="Port of the server.")
    user: str = Field(min_length=1, description="User name.")
    password: SecretStr | None = Field(None, description="Password, where the server wants one.")
    private_key: SecretStr | None = Field(
        None, description="Private key in PEM or OpenSSH form, the whole text: Ed25519, ECDSA or RSA."
    )
    passphrase: SecretStr | None = Field(None, description="Passphrase of the private key, where it has one.")
    host_key: str = Field(
        "",
        description=(
            "The server's key, as 'ssh-ed25519 AAAA…' or 'SHA256:…'. Without it nothing is sent until "
            "`crossdock connections trust` has shown the key that the server offers, and someone confirmed it."
        ),
    )
    timeout: float = Field(30.0, gt=0, le=600, description="Seconds to wait for the server in each step.")

    @field_validator("host_key")
    @classmethod
    def _host_key_is_readable(cls, text: str) -> str:
        kind, _, rest = text.strip().partition(" ")
        if not kind or (kind.startswith("SHA256:") and _is_base64(f"{kind[7:].rstrip('=')}=")):
            return kind.rstrip("=")
        blob = rest.partition(" ")[0]
        if not blob.startswith("AAAA") or not _is_base64(blob):
            raise ValueError("write it as 'ssh-ed25519 AAAA…' (type and key) or as 'SHA256:…' (fingerprint)")
        return f"{kind} {blob}"

    @model_validator(mode="after")
    def _credentials_are_complete(self) -> Self:
        if self.password is None and self.private_key is None:
            raise ValueError("give a password or a private_key")
        load_key(self)
        return self


class HostKeys:
    """Which key a server must have. `context` keeps those that were confirmed; without one only settings count.

    Called in threads, never in an event loop, as transports are.
    """

    def __init__(self, settings: SftpSettings, context: Context | None = None) -> None:
        self._settings = settings
        self._context = context
        self._server = f"{settings.host}:{settings.port}"

    def trusted(self) -> str:
        """The key, as a line or a fingerprint; nothing if none is trusted yet."""
        if self._settings.host_key or self._context is None:
            return self._settings.host_key
        return asyncio.run(self._context.state.get(f"host_key:{self._server}")) or ""

    def check(self, offered: paramiko.PKey, trusted: str) -> None:
        """Raise AuthError unless the offered key is the trusted one."""
        line = f"{offered.get_name()} {offered.get_base64()}"
        if trusted in {line, offered.fingerprint}:
            return
        if self._context is not None and not self._settings.host_key:
            asyncio.run(self._context.state.set(f"host_key_offered:{self._server}", line))
        said = f"{offered.get_name()} {offered.fingerprint}"
        raise AuthError(self._refusal(trusted, said, line), host=self._settings.host, field="host_key", value=line)

    def _refusal(self, trusted: str, offered: str, line: str) -> str:
        if not trusted:
            return (
                f"The host key of {self._server} is not trusted yet: it offers {offered}. Nothing was sent. "
                f"Ask the server's operator whether that is its fingerprint; if so, {self._remedy(line)}."
            )
        return (
            f"{self._server} has another host key: expected {_fingerprint(trusted)}, offered {offered}. Nothing was "
            f"sent. Ask the server's operator whether the key was changed; if so, {self._remedy(line)}."
        )

    def _remedy(self, line: str) -> str:
        if self._context is None or self._settings.host_key:
            return f"set host_key: {line}"
        return f"`crossdock connections trust {self._context.connection}`"


def open_session(settings: SftpSettings, keys: HostKeys) -> SftpClient:
    """Connect, check the host key, sign in.

    Raises TransientError (unreachable, no SSH) and AuthError (a host key that is not trusted, or
    credentials refused).
    """
    trusted = keys.trusted()
    transport = paramiko.Transport(_connect(settings))
    try:
        with _handshake_errors(settings):
            _start(transport, settings, trusted)
            keys.check(transport.get_remote_server_key(), trusted)
            _sign_in(transport, settings)
            client = SftpClient.from_transport(transport)
            if client is None:
                raise paramiko.SSHException("no channel")
            client.get_channel().settimeout(settings.timeout)  # type: ignore[union-attr]
            transport.set_keepalive(_KEEPALIVE_SECONDS)
            return client
    except BaseException:
        transport.close()
        raise


def load_key(settings: SftpSettings) -> paramiko.PKey | None:
    """The private key of the settings; ValueError if it cannot be read."""
    if settings.private_key is None:
        return None
    text = settings.private_key.get_secret_value().strip().encode() + b"\n"
    passphrase = settings.passphrase.get_secret_value().encode() if settings.passphrase else None
    load = load_ssh_private_key if b"BEGIN OPENSSH" in text else load_pem_private_key
    try:
        key = load(text, passphrase)
    except TypeError:
        wrong = "is encrypted: give its passphrase" if passphrase is None else "is not encrypted: leave passphrase out"
        raise ValueError(f"private_key {wrong}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("private_key is no key in PEM or OpenSSH form, or passphrase is wrong") from None
    return _for_paramiko(key)


def _for_paramiko(key: object) -> paramiko.PKey:
    """In the one form of each kind that paramiko reads; it does not know PKCS #8, which OpenSSL writes."""
    if isinstance(key, RSAPrivateKey):
        return paramiko.RSAKey.from_private_key(_written(key, PrivateFormat.TraditionalOpenSSL))
    if isinstance(key, EllipticCurvePrivateKey):
        return paramiko.ECDSAKey.from_private_key(_written(key, PrivateFormat.TraditionalOpenSSL))
    if isinstance(key, Ed25519PrivateKey):
        return paramiko.Ed25519Key.from_private_key(_written(key, PrivateFormat.OpenSSH))
    raise ValueError("private_key must be an Ed25519, ECDSA or RSA key")


def _written(key: RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey, form: PrivateFormat) -> StringIO:
    return StringIO(key.private_bytes(Encoding.PEM, form, NoEncryption()).decode())


def address(settings: SftpSettings) -> str:
    """The server, for people."""
    return f"{settings.host}:{settings.port}"


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def _connect(settings: SftpSettings) -> socket.socket:
    try:
        return socket.create_connection((settings.host, settings.port), settings.timeout)
    except OSError as error:
        raise TransientError(
            f"The SFTP server {address(settings)} cannot be reached: {error.strerror or error}.",
            host=settings.host,
            port=settings.port,
        ) from error


@contextmanager
def _handshake_errors(settings: SftpSettings) -> Iterator[None]:
    try:
        yield
    except paramiko.AuthenticationException as error:
        raise _refused(settings, str(error)) from error
    except (paramiko.SSHException, EOFError, OSError, SFTPError) as error:
        raise TransientError(
            f"No SFTP session with {address(settings)} came about: {error or 'the connection was closed'}.",
            host=settings.host,
            port=settings.port,
        ) from error


def _start(transport: paramiko.Transport, settings: SftpSettings, trusted: str) -> None:
    transport.banner_timeout = transport.handshake_timeout = settings.timeout
    transport.auth_timeout = transport.channel_timeout = settings.timeout
    kind = trusted.partition(" ")[0]
    options = transport.get_security_options()
    first = [name for name in _SIGNATURES.get(kind, (kind,)) if name in options.key_types]
    # The server shows the first type of these that it has: the trusted one, if at all.
    options.key_types = (*first, *(name for name in options.key_types if name not in first))
    transport.start_client(timeout=settings.timeout)


def _fingerprint(host_key: str) -> str:
    """Type and fingerprint of a trusted key, which may be a fingerprint already."""
    kind, _, blob = host_key.partition(" ")
    if not blob:
        return host_key
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    return f"{kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _sign_in(transport: paramiko.Transport, settings: SftpSettings) -> None:
    """By key, by password, or by both where the server wants both."""
    key = load_key(settings)
    if key is not None:
        transport.auth_publickey(settings.user, key)
    if settings.password is not None and not transport.is_authenticated():
        transport.auth_password(settings.user, settings.password.get_secret_value())
    if not transport.is_authenticated():
        raise paramiko.AuthenticationException("the server wants a further credential")


def _refused(settings: SftpSettings, reason: str) -> AuthError | TransientError:
    """A refusal pauses the connection until a person acts; a server that fell silent does not."""
    where: dict[str, Any] = {"host": settings.host, "user": settings.user}
    if "timeout" in reason.lower() or "EOF" in reason:
        return TransientError(f"{address(settings)} closed the connection at sign-in: {reason}", **where)
    return AuthError(
        f"{address(settings)} refused the credentials of user {settings.user!r}: {reason}", detail=reason, **where
    )
