"""A `mail.message`, and the bytes it is sent as.

Sources: RFC 5322 (headers), RFC 2045 to 2047 and 2231 (MIME), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.contract.payload import read_payload

MAX_RECIPIENTS = 100
"""What every server takes at least (RFC 5321, 4.5.3.1.8)."""

_POLICY = SMTP.clone(cte_type="7bit")
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
_UNSAFE = re.compile(r"[\s<>\",;:()]")
"""What would end an address in a command of SMTP or in a header."""

_CONTENT_TYPE = r"^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}$"


def _one_line(text: str) -> str:
    """Refuses line breaks, by which further headers could be written, and other control characters."""
    if not all(char.isprintable() for char in text):
        raise ValueError("it has a line break or another control character")
    return text


def address(text: str) -> Address:
    """One mailbox, `ada@acme.example` or `Ada King <ada@acme.example>`; ValueError for anything else."""
    found = getaddresses([_one_line(text)])
    if len(found) != 1 or not found[0][1].isascii():
        raise ValueError("it is not one address of ASCII characters, such as Ada King <ada@acme.example>")
    name, mailbox = found[0]
    try:
        made = Address(display_name=name, addr_spec=mailbox)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ValueError(f"it is not an address: {error}") from None
    if not made.username or not made.domain or _UNSAFE.search(made.addr_spec):
        raise ValueError("it is not an address of the form name@domain")
    return made


def _address_text(text: str) -> str:
    address(text)
    return text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Line = Annotated[str, Field(max_length=900), AfterValidator(_one_line)]
Mailbox = Annotated[str, Field(max_length=500), AfterValidator(_address_text)]
Mailboxes = Annotated[list[Mailbox], BeforeValidator(_listed), Field(max_length=MAX_RECIPIENTS)]


class Attachment(BaseModel):
    """A file with the mail: its bytes in base64, or its text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filename: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    content_type: str = Field(default="application/octet-stream", pattern=_CONTENT_TYPE)
    base64: str | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if (self.base64 is None) == (self.text is None):
            raise ValueError("give base64 or text, one of them")
        self.content()
        return self

    def content(self) -> bytes:
        """The file's bytes; text as UTF-8."""
        if self.base64 is None:
            return (self.text or "").encode()
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("base64 is not base64") from None


class MailMessage(BaseModel):
    """A `mail.message`: to whom, about what, in plain text, HTML or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[Mailboxes, Field(min_length=1)]
    cc: Mailboxes = Field(default_factory=list)
    bcc: Mailboxes = Field(default_factory=list)
    reply_to: Mailbox | None = None
    subject: Line
    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if self.text is None and self.html is None:
            raise ValueError("give text, html or both")
        if len(self.recipients()) > MAX_RECIPIENTS:
            raise ValueError(f"there are more than {MAX_RECIPIENTS} recipients")
        return self

    def recipients(self) -> list[str]:
        """The bare addresses of all recipients, each once."""
        return list(dict.fromkeys(address(text).addr_spec for text in (*self.to, *self.cc, *self.bcc)))


def read_message(tree: Any) -> MailMessage:
    """The message in a transmission's body, decoded; RejectedMessage naming each wrong field."""
    return read_payload(MailMessage, tree, "mail.message")


def message_id(transmission: str, sender: str) -> str:
    """The Message-ID of a transmission, the same at every attempt, so that receivers know a mail again."""
    local = transmission if _PLAIN_ID.fullmatch(transmission) else hashlib.sha256(transmission.encode()).hexdigest()
    return f"<{local}@{address(sender).domain}>"


def compose(mail: MailMessage, sender: str, identifier: str, at: datetime) -> bytes:
    """The whole mail in seven-bit lines; bcc is in the envelope only."""
    made = EmailMessage(policy=_POLICY)
    made["From"] = address(sender)
    made["To"] = [address(text) for text in mail.to]
    if mail.cc:
        made["Cc"] = [address(text) for text in mail.cc]
    if mail.reply_to is not None:
        made["Reply-To"] = address(mail.reply_to)
    made["Subject"] = mail.subject
    made["Date"] = at
    made["Message-ID"] = identifier
    made["Auto-Submitted"] = "auto-generated"
    if mail.text is not None:
        made.set_content(mail.text)
    if mail.html is not None and mail.text is not None:
        made.add_alternative(mail.html, subtype="html")
    elif mail.html is not None:
        made.set_content(mail.html, subtype="html")
    for attachment in mail.attachments:
        main, _, sub = attachment.content_type.partition("/")
        made.add_attachment(attachment.content(), maintype=main, subtype=sub, filename=attachment.filename)
    return made.as_bytes()
