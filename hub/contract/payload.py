"""Payloads as a connector's own models: what a mapping made, held against what the system takes."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hub.contract.errors import RejectedMessage

M = TypeVar("M", bound=BaseModel)


def read_payload(model: type[M], tree: Any, payload_type: str) -> M:
    """The decoded body of a transmission as a model; RejectedMessage naming each wrong field."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        fields = [".".join(map(str, fault["loc"])) or "body" for fault in faults]
        wrong = "; ".join(f"{field}: {fault['msg']}" for field, fault in zip(fields, faults, strict=True))
        article = "an" if payload_type[:1] in "aeiou" else "a"
        raise RejectedMessage(
            f"This is not {article} {payload_type}: {wrong}. Correct the mapping that makes it.", field=fields[0]
        ) from None
