"""A warehouse that takes releases and leaves files about what it did.

Settings: `node`, the warehouse's name (`east`), and `stock`, what it has by SKU. Files are UTF-8
with commas and a header line, in the columns of `connectors.wms.wms_files.kinds`. It reads and
writes them by Python's csv alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connectors.transports.simulated_mailbox import FAULTS, SimulatedMailbox, waiting
from connectors.wms.wms_files.simulated_floor import Floor, Json, Refused
from hub.contract.simulator import SandboxContext, Simulator

_DONE, _ERROR = "processed", "error"


class WarehouseSimulator(Simulator):
    """The simulated warehouse. Each file with a request is one effect, counted by its number."""

    def __init__(self, context: SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._mailbox = SimulatedMailbox(context.directory / "warehouse", self._received)
        self._floor = Floor(settings.get("node", "east"), settings.get("stock", {}))
        self._refused: list[Json] = []
        self._left: list[Json] = []
        self._actions: dict[str, Callable[[Mapping[str, Any]], tuple[str, list[Json]]]] = {
            "pick": self._floor.pick,
            "pack": self._floor.pack,
            "short": self._floor.short,
            "refuse": self._floor.refuse,
            "ship": self._floor.ship,
            "count": self._floor.count,
            "receive_return": self._floor.receive_return,
        }

    async def start(self) -> Mapping[str, str]:
        """Listen; host, port, user, password, private_key and host_key of the SFTP server, and `directory`."""
        endpoint = await self._mailbox.start()
        for name in (_DONE, _ERROR):
            (self._mailbox.root / "in" / name).mkdir(exist_ok=True)
        return endpoint

    async def stop(self) -> None:
        await self._mailbox.stop()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """What happens in the warehouse; the name of the file that tells it."""
        if action not in {*self._actions, "drop"}:
            raise ValueError(f"There is no action {action!r}; there are {', '.join([*self._actions, 'drop'])}.")
        self._mailbox.collect()
        if action == "drop":
            return self._leave(str(arguments["name"]), str(arguments["content"]))
        kind, rows = self._actions[action](arguments)
        return self._leave(f"{kind}_{len(self._left) + 1:06d}.csv", _written(rows))

    def state(self) -> Any:
        """Requests, returns and stock; effects by request and return number; what was refused and left."""
        self._mailbox.collect()
        return {
            **self._floor.state(),
            "refused": [dict(one) for one in self._refused],
            "left": [dict(one) for one in self._left],
            "files": {name: [path.name for path in waiting(self._mailbox.root / name)] for name in ("in", "out")},
        }

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(FAULTS)}.")
        self._mailbox.misbehave(fault, times)

    def _received(self, path: Path) -> None:
        """Take a file and put it aside."""
        try:
            rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))
            self._floor.take(rows)
            aside = _DONE
        except (Refused, csv.Error, UnicodeDecodeError) as error:
            self._refused.append({"file": path.name, "reason": str(error)})
            aside = _ERROR
        path.replace(path.parent / aside / path.name)

    def _leave(self, name: str, content: str) -> str:
        self._mailbox.leave("out", name, content.encode())
        self._left.append({"file": name, "content": content})
        return name


def _written(rows: list[Json]) -> str:
    """A file with a header line of all columns that the rows have."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
