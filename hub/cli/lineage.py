"""How lineage is shown to people."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from hub.cli.output import one_line, plain
from hub.operations.ids import short
from hub.operations.lineage.fields import FieldLineage
from hub.operations.lineage.recorded import Answer
from hub.operations.lineage.tracing import Lineage, Traced


def show_lineage(console: Console, lineage: Lineage) -> None:
    """Each field with its value, its expression and place, what that read and what was looked up."""
    for number, traced in enumerate(lineage.traced):
        if number:
            console.print()
        _show_traced(console, traced)
    if lineage.document_count > len(lineage.traced) and all(one.of == "document" for one in lineage.traced):
        console.print(Text(f"The message has {lineage.document_count} documents.", style="dim"))


def _show_traced(console: Console, traced: Traced) -> None:
    made = f", made by {traced.mapping}" if traced.mapping else ""
    title = f"{traced.of.capitalize()} {short(traced.id)} ({traced.kind or 'nothing'}{made})"
    console.print(plain(title), style="bold underline")
    console.print(Text(f"Configuration {traced.version[:12]}", style="dim"))
    if traced.note:
        console.print(plain(traced.note), style="yellow")
    for field in traced.fields:
        _show_field(console, field)


def _show_field(console: Console, field: FieldLineage) -> None:
    value = Text("nothing", style="dim") if field.value is None else one_line(field.value)
    console.print(plain(field.field) + Text(" = ") + value, soft_wrap=True)
    details = [one_line(field.expression) + Text(f"  {field.file}:{field.line}:{field.column}", style="dim")]
    details += [plain(f"read {read.path}: ") + one_line(_or_nothing(read.value)) for read in field.reads]
    details += [one_line(_said(answer)) for answer in field.answers]
    if field.error is not None:
        details.append(Text("✗ ", style="bold red") + one_line(field.error))
    for detail in details:
        console.print(Text("    ") + detail, soft_wrap=True)


def _said(answer: Answer) -> str:
    rule = f" ({answer.rule})" if answer.rule else ""
    unrecorded = "" if answer.recorded else ", not recorded"
    return f"looked up {answer.question}: {_or_nothing(answer.answer)}{rule}{unrecorded}"


def _or_nothing(value: str | None) -> str:
    return "nothing" if value is None else value
