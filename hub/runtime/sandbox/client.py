"""Drives a sandbox through its control API."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from hub.contract.errors import CrossdockError
from hub.runtime.sandbox.counterpart import jsonable

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class SandboxRefused(CrossdockError):
    """The sandbox did not do what was asked, or is not there; the message says why."""

    code = "sandbox_refused"


class SandboxClient:
    """The counterparts of one sandbox. Raises SandboxRefused with what the simulator said."""

    def __init__(self, url: str) -> None:
        # The environment's proxies are for the outer world; this is loopback.
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def counterparts(self) -> dict[str, dict[str, str]]:
        """What each counterpart's simulator told of itself when it started: url, port, token …"""
        endpoints: dict[str, dict[str, str]] = await self._call("GET", "/counterparts")
        return endpoints

    async def act(self, name: str, action: str, arguments: Mapping[str, Any]) -> Any:
        """Let a counterpart's user do something; what the simulator returned."""
        answer = await self._call("POST", _path(name, "act"), {"action": action, "arguments": jsonable(arguments)})
        return answer["result"]

    async def state(self, name: str) -> Any:
        """What a counterpart holds."""
        return await self._call("GET", _path(name, "state"))

    async def misbehave(self, name: str, fault: str, times: int = 1) -> None:
        """Let a counterpart's next `times` answers go wrong."""
        await self._call("POST", _path(name, "misbehave"), {"fault": fault, "times": times})

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            response = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise SandboxRefused(
                f"The sandbox at {self._http.base_url} does not answer: {type(error).__name__}. Does it still run?",
                detail=str(error),
            ) from error
        if response.is_success:
            return response.json()
        raise SandboxRefused(_message(response), status=response.status_code, path=path)


def _path(name: str, operation: str) -> str:
    return f"/counterparts/{quote(name, safe='')}/{operation}"


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"The sandbox answered {response.status_code}: {response.text[:500]}"
