"""Templates of mails: those shipped beside this module, and those that a connection gives instead.

A template has a name (`order_shipped`) and three parts: `subject`, `text` and `html`, each in Jinja2. A
part is looked for in the connection's settings first, then among those shipped; so may be whatever a
part includes or extends, such as the frame around every page, `layout` (part `html`). Values are
escaped in HTML. A name that the data lacks is an error, since a mail with a hole in it is worse than
none.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.contract.errors import RejectedMessage
from hub.contract.registry import nearest
from hub.contract.values import fixed, to_decimal

_SHIPPED: Final = Path(__file__).with_name("templates")
_SUFFIX: Final = ".j2"
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_PARTS: Final = ("subject", "text", "html")
_FAILURES: Final = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What a template may stop with, whatever the data is."""


def _parsed(text: str) -> str:
    try:
        _environment(None).from_string(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the template: {error.message}") from None
    return text


Source = Annotated[str, Field(max_length=200_000), AfterValidator(_parsed)]


class TemplateParts(BaseModel):
    """Parts of a template in a connection's settings; what is left out is the shipped one's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Source | None = Field(default=None, description="The subject, one line.")
    text: Source | None = Field(default=None, description="The plain text.")
    html: Source | None = Field(default=None, description="The HTML.")


class _Loader(BaseLoader):
    """Finds the sources of parts by `order_shipped.html.j2`; the connection's come before those shipped."""

    def __init__(self, own: Mapping[str, TemplateParts]) -> None:
        self._own = {
            f"{name}.{part}{_SUFFIX}": source
            for name, parts in own.items()
            for part, source in parts.model_dump(exclude_none=True).items()
        }

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The source, and the name that errors know it by."""
        source = self._own.get(template)
        if source is None:
            source = _shipped().get(template)
        if source is None:
            raise TemplateNotFound(template)
        return source, template, lambda: True

    def list_templates(self) -> list[str]:
        """Names of all parts there are."""
        return sorted({*self._own, *_shipped()})


class MailTemplates:
    """The templates of one connection. `sender` is the name that mails are signed with."""

    def __init__(self, own: Mapping[str, TemplateParts], sender: str) -> None:
        loader = _Loader(own)
        self._environment = _environment(loader)
        self._sender = sender
        self._files = loader.list_templates()
        self._names = _mails(self._files)

    def render(self, name: str, data: Mapping[str, Any]) -> dict[str, str]:
        """Subject, text and, where the template has it, HTML; RejectedMessage naming template and line."""
        if name not in self._names:
            raise RejectedMessage(f"There is no mail template {name!r}{nearest(name, self._names)}.", field="template")
        files = {part: f"{name}.{part}{_SUFFIX}" for part in _PARTS}
        made = {part: self._part(file, data) for part, file in files.items() if file in self._files}
        return {**made, "subject": " ".join(made["subject"].split()), "text": _BLANK_LINES.sub("\n\n", made["text"])}

    def _part(self, file: str, data: Mapping[str, Any]) -> str:
        try:
            return self._environment.get_template(file).render({"sender": self._sender, **data})
        except TemplateSyntaxError as error:
            raise _failure(error.name or file, error.lineno, error) from None
        except _FAILURES as error:
            raise _failure(*_place(error, file), error) from None


def unfinished(own: Mapping[str, TemplateParts]) -> list[str]:
    """Names of a connection's templates that have a subject or a text but, even with what is shipped, not both."""
    mails = _mails(_Loader(own).list_templates())
    return [name for name, parts in own.items() if (parts.subject or parts.text) and name not in mails]


def _mails(files: Collection[str]) -> list[str]:
    """Names of the templates that are mails: what has a subject and a text."""
    names = {file.partition(".")[0] for file in files}
    return sorted(name for name in names if {f"{name}.subject{_SUFFIX}", f"{name}.text{_SUFFIX}"} <= set(files))


@cache
def _shipped() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in _SHIPPED.glob(f"*{_SUFFIX}")}


def _environment(loader: BaseLoader | None) -> Environment:
    made = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: name is not None and name.endswith(f".html{_SUFFIX}"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plain"] = _plain
    return made


def _plain(number: Any) -> str:
    """A number without zeros at its end: 2.000 is 2."""
    text = fixed(to_decimal(number))
    return text.rstrip("0").rstrip(".") if "." in text else text


def _place(error: BaseException, file: str) -> tuple[str, int | None]:
    """Template and line where rendering stopped: Jinja2 gives frames of templates their names."""
    frames = traceback.extract_tb(error.__traceback__)
    found = [(frame.filename, frame.lineno) for frame in frames if frame.filename.endswith(_SUFFIX)]
    return found[-1] if found else (file, None)


def _failure(file: str, line: int | None, error: BaseException) -> RejectedMessage:
    place = f"{file.removesuffix(_SUFFIX)}{f', line {line}' if line else ''}"
    message = f"The mail template {place} cannot be filled: {error}. Correct the template, or the mapping's `data`."
    return RejectedMessage(message, template=file, line=line)
