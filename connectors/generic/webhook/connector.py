"""The webhook connector: takes what a sender posts, verified and known again, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import jiter

from connectors.generic.webhook.settings import PAYLOAD_TYPE, STANDARD_ID, Source, StandardSignature, WebhookConfig
from connectors.generic.webhook.signatures import verify
from hub.contract.connector import (
    BY_SETTINGS,
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Item,
    Manifest,
    Quality,
    Reception,
    Request,
    Support,
)
from hub.contract.errors import ReceptionRefused
from hub.contract.format import Format
from hub.contract.registry import find_format

_METHODS = frozenset({"POST", "PUT", "PATCH"})
_LONGEST = 200
_NOT_IN_TYPES = re.compile(r"[^a-z0-9_-]+")


class WebhookConnector(Connector[WebhookConfig]):
    """Receives the webhooks of one sender."""

    name: ClassVar[str] = "webhook"
    family: ClassVar[Family] = Family.GENERIC
    Config: ClassVar[type[ConnectorConfig]] = WebhookConfig
    emits: ClassVar[Mapping[str, str]] = {"*": BY_SETTINGS}
    manifest: ClassVar[Manifest] = Manifest(
        title="Webhook",
        direction=frozenset({"receive"}),
        signature=Quality(
            Support.YES,
            "HMAC or Standard Webhooks over the raw body, with the current and the previous secret; "
            "basic, bearer and query prove the sender only, and none proves nothing.",
        ),
        idempotency=Quality(Support.EXEMPT, "It sends nothing."),
        ordering=Quality(Support.EXEMPT, "The sender decides; the pipeline names the version in the payload."),
        find=Quality(Support.EXEMPT, "It sends nothing."),
        backoff=Quality(Support.EXEMPT, "It calls nobody."),
        redaction=Quality(Support.YES, "Secrets are never shown; of the headers only those that are named are kept."),
    )

    def __init__(self, config: WebhookConfig, context: Context) -> None:
        super().__init__(config, context)
        by_id = isinstance(config.signature, StandardSignature)
        self._key = config.key or (Source(header=STANDARD_ID) if by_id else None)

    @classmethod
    def formats(cls, config: WebhookConfig) -> Mapping[str, Format]:
        """One format for whatever payload type a webhook tells."""
        return _EveryType(find_format(config.format))

    async def check(self) -> Health:
        """Nobody can be asked: it is the sender who calls."""
        return Health(ok=True, findings=[f"webhooks are taken at /in/{self.context.connection}; send one to test it"])

    def receive(self, request: Request) -> Reception:
        """Verify a webhook and keep its body as it is."""
        if request.method not in _METHODS:
            raise ReceptionRefused(f"Send webhooks by POST, not by {request.method[:20]}.")
        verify(self.config.signature, request, self.context.clock.now() / 1_000_000)
        texts = _Texts(request)
        topic, type_ = self._type(texts)
        kept = [name for name in self.config.keep_headers if name in request.headers]
        item = Item(
            key="content" if self._key is None else f"id:{texts.find(self._key)}",
            type=type_,
            body=request.body,
            name=topic,
            content_type=find_format(self.config.format).content_type,
            headers={name: request.headers[name] for name in kept},
            content_in_key=self._key is None,
        )
        answer = self.config.answer
        return Reception([item], answer.status, answer.body.encode(), answer.content_type)

    def _type(self, texts: _Texts) -> tuple[str, str]:
        """The topic as it came, and the payload type; the fixed type is both."""
        source = self.config.payload_type
        if isinstance(source, str):
            return source, source
        topic = texts.find(source)
        type_ = source.prefix + _NOT_IN_TYPES.sub(".", topic.lower()).strip(".")
        if not PAYLOAD_TYPE.fullmatch(type_):
            raise ReceptionRefused(f"The webhook's topic {topic!r} makes no payload type.", value=topic)
        return topic, type_


class _Texts:
    """Texts in a request; its body is read as JSON once, and only if one is in there."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._tree: Any = None
        self._is_read = False

    def find(self, source: Source) -> str:
        """The text that a source names, printable and not overlong; ReceptionRefused if there is none."""
        value = self._pointed(source.pointer) if source.pointer else self._request.headers.get(source.header or "")
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not text.strip() or len(text) > _LONGEST or not text.isprintable():
            where = source.pointer or source.header
            raise ReceptionRefused(f"The webhook has no usable {where}: a text or number of up to {_LONGEST} signs.")
        return text

    def _pointed(self, pointer: str) -> Any:
        found = self._body()
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and key.isascii() and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found

    def _body(self) -> Any:
        if not self._is_read:
            try:
                self._tree = jiter.from_json(self._request.body, float_mode="decimal")
            except ValueError:
                raise ReceptionRefused("The webhook's body is not JSON.") from None
            self._is_read = True
        return self._tree


class _EveryType(Mapping[str, Format]):
    """The same format for every payload type; none can be listed."""

    def __init__(self, format_: Format) -> None:
        self._format = format_

    def __getitem__(self, _type: str) -> Format:
        return self._format

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
