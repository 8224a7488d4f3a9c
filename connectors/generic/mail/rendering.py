"""The format of `mail.message`: a template is filled when the mail is made, so that what is sent again is the same.

A tree is a message as it is sent, or names a template and its data:

    {"template": "order_shipped", "data": {"order_number": "1001", …}, "to": "ada@example.com"}

Either way the bytes are the message as JSON, without template and data.
"""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.formats.json import JsonFormat
from connectors.generic.mail.message import read_message
from connectors.generic.mail.templating import MailTemplates
from hub.contract.errors import RejectedMessage
from hub.contract.format import UNNUMBERED, Numbers

_WRITTEN = ("subject", "text", "html")


class MailFormat(JsonFormat):
    """Messages as JSON, templates filled."""

    name: ClassVar[str] = "mail"

    def __init__(self, templates: MailTemplates) -> None:
        self._templates = templates

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The message; RejectedMessage naming the template and its line, or the field that is wrong."""
        message = self._filled(tree) if isinstance(tree, dict) and "template" in tree else tree
        read_message(message)
        return super().encode(message, type, numbers)

    def _filled(self, tree: dict[str, Any]) -> dict[str, Any]:
        name, data = tree["template"], tree.get("data", {})
        if not isinstance(name, str) or not isinstance(data, dict):
            raise RejectedMessage("`template` is a template's name and `data` an object.", field="template")
        twice = [part for part in _WRITTEN if part in tree]
        if twice:
            raise RejectedMessage(f"`{twice[0]}` is the template's to write; leave it out.", field=twice[0])
        others = {key: value for key, value in tree.items() if key not in ("template", "data")}
        return {**others, **self._templates.render(name, data)}
