"""`crossdock sandbox`: the simulated counterparts of a story alone, for a hub started by hand."""

from __future__ import annotations

import asyncio
import shlex
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hub.operations.access import find_root
from hub.operations.stories.playing import find_story
from hub.runtime.sandbox import Story, environment_of, started


def sandbox(
    story: Annotated[str, typer.Option(help="Whose counterparts, of config/stories/.")] = "demo",
    hub_url: Annotated[str, typer.Option(help="Where the hub takes webhooks.")] = "http://127.0.0.1:8400",
    workspace: Annotated[Path | None, typer.Option(help="The workspace's directory.")] = None,
) -> None:
    """Run the simulated counterparts of a story, and print what the hub must know to reach them."""
    asyncio.run(_run(find_story(find_root(workspace), story), hub_url, Console(stderr=True)))


async def _run(story: Story, hub_url: str, console: Console) -> None:
    with tempfile.TemporaryDirectory(prefix="crossdock-sandbox-") as folder:
        async with started(story.counterparts, hub_url=hub_url, directory=Path(folder)) as running:
            for name, value in sorted(environment_of(story, running.endpoints).items()):
                print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - to be read by a shell, as it is
            console.print(f"Drive them at {running.url}; their files are in {folder}. Ctrl-C ends it.", style="dim")
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await stop.wait()
