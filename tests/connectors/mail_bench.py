"""The format of mails, with a connection's own templates or without."""

from __future__ import annotations

import json
from typing import Any

from connectors.generic.mail.connector import MailConfig, MailConnector
from hub.contract.format import Format

SENDER = "Acme Orders <orders@acme.example>"


def mail_format(templates: Any = None) -> Format:
    config = MailConfig.model_validate({"host": "h", "sender": SENDER, "templates": templates or {}})
    return MailConnector.formats(config)["mail.message"]


def filled(tree: Any, templates: Any = None) -> dict[str, Any]:
    """The message that a tree is frozen as."""
    message: dict[str, Any] = json.loads(mail_format(templates).encode(tree, "mail.message"))
    return message
