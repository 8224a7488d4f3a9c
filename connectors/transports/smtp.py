"""SMTP out (RFC 5321): one mail at a time, and what each reply means for it.

A mail has left once its text was sent: a reply decides, and without one it is in doubt.

    no connection, no TLS, silence before the text   TransientError: nothing was sent
    4xx at any point                                 TransientError: the server did not take it
    no STARTTLS offered; 5xx before a mail, or       AuthError: nothing was sent
        about credentials (530, 534, 535, 538)
    5xx to the mail, or to one of its recipients     RejectedMessage with the server's words
    cut or silent after the text                     InDoubt

A mail goes to all its recipients or to none: where one is refused, the text is not sent.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, model_validator

from hub.contract.connector import ConnectorConfig
from hub.contract.errors import AuthError, ConfigError, CrossdockError, InDoubt, RejectedMessage, TransientError

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_UNAUTHORISED = frozenset({530, 534, 535, 538})
"""Replies about credentials (RFC 4954, 6)."""

_EXCERPT = 500


class SmtpSettings(ConnectorConfig):
    """How a mail server is reached; a base or a field of a connector's Config."""

    host: str = Field(pattern=r"^[A-Za-z0-9.:-]+$", max_length=253, description="Name or address of the mail server.")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port; 587 with starttls, 465 with tls, 25 with none by default."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted: starttls (refused if not offered), tls from the start, or none.",
    )
    user: str | None = Field(default=None, min_length=1, description="User to sign in as; needs a password.")
    password: SecretStr | None = Field(default=None, description="The user's password; needs an encrypted connection.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the certificate authorities to trust instead of the public ones."
    )
    local_name: str = Field(
        default="localhost", pattern=r"^[A-Za-z0-9.-]+$", description="Name the hub greets the server with (EHLO)."
    )
    timeout: float = Field(default=30.0, gt=0, le=3600, description="Seconds the server may stay silent.")
    data_timeout: float = Field(
        default=600.0,
        gt=0,
        le=3600,
        description="Seconds the server may take to accept a whole mail; RFC 5321 (4.5.3.2.6) grants ten minutes.",
    )

    @model_validator(mode="after")
    def _passwords_are_encrypted(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together: give both or neither")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent over an unencrypted connection: use starttls or tls")
        return self


class SmtpClient:
    """Mails to one server, each over a connection of its own; safe for concurrent use.

    ConfigError if `ca_file` cannot be read.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._port = settings.port or _PORTS[settings.security]
        self._place = f"{settings.host}:{self._port}"
        self._ssl = _ssl_context(settings.ca_file) if settings.security != "none" else None

    async def deliver(self, sender: str, recipients: Sequence[str], message: bytes) -> str:
        """Send a mail to all recipients; the server's last reply.

        Addresses are bare and ASCII; `message` is the whole mail (RFC 5322).
        """
        async with self._session() as client:
            await self._envelope(client, sender, recipients)
            return await self._text(client, message)

    async def probe(self) -> str:
        """Connect, encrypt and sign in, and send nothing; what the server answers to NOOP."""
        async with self._session() as client:
            try:
                reply = await client.noop()
            except (aiosmtplib.SMTPException, OSError) as error:
                raise self._not_sent(error) from None
        return _line(reply.message)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = await self._connect()
        try:
            yield client
            # The mail is taken or refused by now, whatever becomes of the connection.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=self._port,
            use_tls=settings.security == "tls",
            start_tls=False,
            local_hostname=settings.local_name,
            timeout=settings.timeout,
            tls_context=self._ssl,
        )
        try:
            await client.connect()
            await client.ehlo()
            if settings.security == "starttls":
                await self._encrypt(client)
            if settings.user is not None and settings.password is not None:
                await client.login(settings.user, settings.password.get_secret_value())
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise self._not_sent(error) from None
        except BaseException:
            client.close()
            raise
        return client

    async def _encrypt(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise AuthError(
                f"{self._place} offers no STARTTLS, so nothing was sent to it; set security to what it offers.",
                host=self._settings.host,
            )
        async with asyncio.timeout(self._settings.timeout):
            await client.starttls()
        await client.ehlo()

    async def _envelope(self, client: aiosmtplib.SMTP, sender: str, recipients: Sequence[str]) -> None:
        refused: list[CrossdockError] = []
        try:
            await client.mail(sender)
            for recipient in recipients:
                try:
                    await client.rcpt(recipient)
                except aiosmtplib.SMTPRecipientRefused as error:
                    refused.append(self._refused(error.code, error.message, f"the recipient {recipient}"))
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._not_sent(error) from None
        if refused:
            # One that is refused for good decides: waiting would not help it.
            raise next((error for error in refused if isinstance(error, RejectedMessage)), refused[0])

    async def _text(self, client: aiosmtplib.SMTP, message: bytes) -> str:
        try:
            reply = await client.data(message, timeout=self._settings.data_timeout)
        except aiosmtplib.SMTPDataError as error:
            raise self._refused(error.code, error.message, "the mail") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise InDoubt(
                f"{self._place} may have taken the mail, but gave no answer: {_spoken(error)}.",
                detail=type(error).__name__,
                host=self._settings.host,
            ) from None
        return _line(reply.message)

    def _not_sent(self, error: Exception) -> CrossdockError:
        """What a failure before the text means."""
        if isinstance(error, aiosmtplib.SMTPSenderRefused):
            return self._refused(error.code, error.message, f"the sender {error.sender}")
        if isinstance(error, aiosmtplib.SMTPResponseException) and 500 <= error.code < 600:
            # No mail was seen yet: it is the hub that is refused, not this mail.
            return AuthError(
                f"{self._place} refused the hub: {error.code} {_line(error.message)}",
                code=error.code,
                host=self._settings.host,
            )
        if type(error) is aiosmtplib.SMTPException:
            return AuthError(
                f"{self._place} offers no way to sign in that the hub knows: {_spoken(error)}", host=self._settings.host
            )
        return TransientError(
            f"{self._place} could not be used: {_spoken(error)}. Nothing was sent.",
            detail=type(error).__name__,
            host=self._settings.host,
        )

    def _refused(self, code: int, message: str, what: str) -> CrossdockError:
        """What a reply to a mail, or to a part of it, means that is no success."""
        said = f"{self._place} refused {what}: {code} {_line(message)}"
        host = self._settings.host
        if code in _UNAUTHORISED:
            return AuthError(said, code=code, host=host)
        if 400 <= code < 500:
            return TransientError(said, code=code, host=host)
        if 500 <= code < 600:
            return RejectedMessage(said, code=code, host=host)
        return InDoubt(f"{self._place} answered nothing that SMTP knows to {what}: {code} {_line(message)}", host=host)


def _line(text: str) -> str:
    """A reply on one line, bounded; servers may send any bytes."""
    plain = text.encode(errors="replace").decode(errors="replace")
    return "".join(c if c.isprintable() else " " for c in plain)[:_EXCERPT].strip()


def _spoken(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPException):
        return _line(str(error.message)).rstrip(".")
    if isinstance(error, TimeoutError):
        return "it stayed silent for too long"
    return _line(str(error)) or "the connection broke"


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{ca_file} could not be read as a PEM file of certificates: {error}.", file=str(ca_file)
        ) from None
