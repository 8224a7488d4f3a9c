"""The sandbox's process from inside: simulators, and the control API that drives them.

    GET  /counterparts                     endpoints by counterpart, as the simulators returned them
    GET  /counterparts/{name}/state        what it holds
    POST /counterparts/{name}/act          {"action": …, "arguments": {…}}, answers {"result": …}
    POST /counterparts/{name}/misbehave    {"fault": …, "times": 1}, answers {}

It listens on loopback only. An answer that is no 200 is `{"message": …}`: 404 where there is
no such counterpart, 400 where the simulator or the API does not take what was asked, 500 where
the simulator failed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.contract.errors import CrossdockError
from hub.contract.registry import find_simulator, nearest
from hub.contract.simulator import SandboxContext, Simulator
from hub.runtime.sandbox.counterpart import Setup

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Act(BaseModel):
    """The body of `act`."""

    model_config = ConfigDict(extra="forbid")

    action: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Misbehave(BaseModel):
    """The body of `misbehave`."""

    model_config = ConfigDict(extra="forbid")

    fault: str
    times: int = Field(default=1, ge=1)


class Host:
    """The running simulators, by the name of their counterpart."""

    def __init__(self) -> None:
        self._simulators: dict[str, Simulator] = {}
        self.endpoints: dict[str, Mapping[str, str]] = {}

    async def start(self, name: str, simulator: Simulator) -> None:
        """Let a simulator listen under a name."""
        self.endpoints[name] = await simulator.start()
        self._simulators[name] = simulator

    def application(self) -> web.Application:
        """The control API."""
        application = web.Application(middlewares=[_answer_errors])
        application.add_routes(
            [
                web.get("/counterparts", self._list),
                web.get("/counterparts/{name}/state", self._state),
                web.post("/counterparts/{name}/act", self._act),
                web.post("/counterparts/{name}/misbehave", self._misbehave),
            ]
        )
        return application

    def _find(self, request: web.Request) -> Simulator:
        name = request.match_info["name"]
        if name not in self._simulators:
            known = f"{nearest(name, self._simulators)}; there are {', '.join(sorted(self._simulators))}"
            raise _Unknown(f"There is no counterpart {name!r}{known}.")
        return self._simulators[name]

    async def _list(self, request: web.Request) -> web.Response:
        return _json({name: dict(endpoint) for name, endpoint in self.endpoints.items()})

    async def _state(self, request: web.Request) -> web.Response:
        return _json(self._find(request).state())

    async def _act(self, request: web.Request) -> web.Response:
        simulator, body = self._find(request), Act.model_validate_json(await request.read())
        return _json({"result": await simulator.act(body.action, body.arguments)})

    async def _misbehave(self, request: web.Request) -> web.Response:
        simulator, body = self._find(request), Misbehave.model_validate_json(await request.read())
        simulator.misbehave(body.fault, body.times)
        return _json({})


@asynccontextmanager
async def hosted(setup: Setup) -> AsyncIterator[str]:
    """Everything of a setup running; yields the control API's URL and stops all of it at the end.

    ConfigError if there is no such simulator.
    """
    classes = {name: find_simulator(counterpart.simulator) for name, counterpart in setup.counterparts.items()}
    async with AsyncExitStack() as stack:
        host = Host()
        for name, simulator_class in classes.items():
            directory = setup.directory / name
            directory.mkdir(parents=True, exist_ok=True)
            context = SandboxContext(name, setup.hub_url, directory)
            simulator = simulator_class(context, setup.counterparts[name].settings)
            stack.push_async_callback(simulator.stop)
            await host.start(name, simulator)
        yield await _serve(host.application(), stack)


async def _serve(application: web.Application, stack: AsyncExitStack) -> str:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


class _Unknown(CrossdockError):
    code = "unknown_counterpart"


def _json(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, dumps=_dumps)


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything that goes wrong, as JSON with a message for whoever drives the sandbox."""
    try:
        return await handler(request)
    except (web.HTTPException, asyncio.CancelledError):
        raise
    except _Unknown as error:
        return _json({"message": error.message}, 404)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg']}" for item in error.errors()]
        return _json({"message": "; ".join(found)}, 400)
    except (ValueError, CrossdockError) as error:
        return _json({"message": str(error)}, 400)
    except Exception as error:
        log.exception("simulator failed", path=request.path)
        return _json({"message": f"The simulator failed: {type(error).__name__}: {error}"}, 500)
