"""A partner who leaves and takes files in a mailbox.

Settings: `in` and `out`, lists of the directories it takes files from and leaves them in; `["in"]`
and `["out"]` by default. Each file that gets its name in one of `in` is one effect, counted by its
name; it lies there until `take`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connectors.transports.simulated_mailbox import SimulatedMailbox, waiting
from hub.contract.simulator import SandboxContext, Simulator

_TAKEN = "taken"


class FilesSimulator(Simulator):
    """The simulated partner. Faults: those of `connectors.transports.simulated_mailbox`."""

    def __init__(self, context: SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._mailbox = SimulatedMailbox(
            context.directory / "mailbox", self._received, settings.get("in", ["in"]), settings.get("out", ["out"])
        )
        self._effects: Counter[str] = Counter()
        self._files: list[dict[str, str]] = []
        self._actions: dict[str, Callable[[Mapping[str, Any]], Any]] = {"drop": self._drop, "take": self._take}

    async def start(self) -> Mapping[str, str]:
        """Listen; host, port, user, password, private_key and host_key of the SFTP server, and `directory`."""
        return await self._mailbox.start()

    async def stop(self) -> None:
        await self._mailbox.stop()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """`drop` or `take`; see the README."""
        if action not in self._actions:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(self._actions)}.")
        self._mailbox.collect()
        return self._actions[action](arguments)

    def state(self) -> Any:
        """Files that arrived, with their text, in their order; effects by name; what lies where."""
        self._mailbox.collect()
        directories = [*self._mailbox.inbound, *self._mailbox.outbound]
        return {
            "received": [dict(file) for file in self._files],
            "effects": dict(self._effects),
            "files": {name: [path.name for path in waiting(self._mailbox.root / name)] for name in directories},
        }

    def misbehave(self, fault: str, times: int) -> None:
        self._mailbox.misbehave(fault, times)

    def _received(self, path: Path) -> None:
        self._effects[path.name] += 1
        text = path.read_bytes().decode(errors="replace")
        directory = path.parent.relative_to(self._mailbox.root.resolve()).as_posix()
        self._files.append({"directory": directory, "name": path.name, "content": text})

    def _drop(self, arguments: Mapping[str, Any]) -> str:
        """`name` and `content`; optional `directory`, by default the first of `out`."""
        name = str(arguments["name"])
        directory = str(arguments.get("directory", self._mailbox.outbound[0]))
        if directory not in self._mailbox.outbound:
            raise ValueError(f"{directory!r} is none of {', '.join(self._mailbox.outbound)}.")
        self._mailbox.leave(directory, name, str(arguments["content"]).encode())
        return name

    def _take(self, _arguments: Mapping[str, Any]) -> list[str]:
        """Move what lies in the directories of `in` to `taken/`; the names."""
        names: list[str] = []
        for directory in self._mailbox.inbound:
            taken = self._mailbox.root / directory / _TAKEN
            taken.mkdir(exist_ok=True)
            for path in waiting(taken.parent):
                path.replace(taken / path.name)
                names.append(path.name)
        return names
