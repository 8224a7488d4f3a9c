"""References to what stands outside the configuration: `${env:NAME}` and `${file:/path}`.

They may stand anywhere inside a text, several in one, and keep secrets out of the files.
`${env:NAME:-text}` stands for `text` where the variable is not set or empty, as in a shell.
Checking needs none of them; starting resolves all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.contract.registry import nearest
from hub.source import Location, Node, Problems, Scalar, Sequence
from hub.source import Mapping as MappingNode

MAX_SECRET_FILE: Final = 64 * 1024

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}?")
_ENV: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_FILE: Final = re.compile(r"file:(/.+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: exactly one of `variable` and `file`; `default` only with a variable."""

    text: str
    variable: str | None = None
    default: str | None = None
    file: str | None = None


def scalars(node: Node) -> Iterator[Scalar]:
    """All single values beneath a node, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    elif isinstance(node, MappingNode):
        for _, value in node.entries.values():
            yield from scalars(value)


def is_reference(node: Scalar) -> bool:
    """Whether a value holds at least one `${…}`."""
    return isinstance(node.value, str) and "${" in node.value


def references_in(node: Scalar, problems: Problems) -> list[Reference]:
    """The references of one value; what is malformed is reported as `bad-reference`."""
    found = []
    for match in _REFERENCE.finditer(str(node.value)):
        reference = _parse(match[0])
        if reference is None:
            message = f"{match[0]} is no reference"
            problems.error("bad-reference", message, node.location, _repair(match[0]))
        else:
            found.append(reference)
    return found


def offline(node: Node, problems: Problems) -> tuple[Node, frozenset[Location]]:
    """The node for a check without surroundings, and the places whose value is not known.

    A reference whose default is given counts as that text; the others stay as they are.
    """
    unknown = set()
    replaced: dict[int, Scalar] = {}
    for scalar in filter(is_reference, scalars(node)):
        references = references_in(scalar, problems)
        if references and all(reference.default is not None for reference in references):
            replaced[id(scalar)] = _with_texts(scalar, [str(reference.default) for reference in references])
        else:
            unknown.add(scalar.location)
    return _replace(node, replaced), frozenset(unknown)


def resolve(node: Node, environ: Mapping[str, str], problems: Problems) -> Node:
    """The node with every reference replaced by what it stands for.

    Reports `unset-variable` and `unreadable-file` at the value that needs them.
    """
    replaced: dict[int, Scalar] = {}
    for scalar in filter(is_reference, scalars(node)):
        texts = [_look_up(reference, environ, scalar, problems) for reference in references_in(scalar, problems)]
        replaced[id(scalar)] = _with_texts(scalar, texts)
    return _replace(node, replaced)


def _parse(text: str) -> Reference | None:
    inner = text[2:-1] if text.endswith("}") else ""
    if match := _ENV.fullmatch(inner):
        return Reference(text, variable=match[1], default=match[2])
    if match := _FILE.fullmatch(inner):
        return Reference(text, file=match[1])
    return None


def _repair(text: str) -> str:
    name = text.strip("${}").strip()
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return f"write ${{env:{name}}}"
    if name.startswith("file:"):
        return "the path of a file begins with /: ${file:/run/secrets/token}"
    return "write ${env:NAME}, ${env:NAME:-default} or ${file:/path}"


def _look_up(reference: Reference, environ: Mapping[str, str], node: Scalar, problems: Problems) -> str:
    if reference.file is not None:
        return _read(reference.file, node.location, problems)
    name = str(reference.variable)
    value = environ.get(name, "")
    if value or (name in environ and reference.default is None):
        return value
    if reference.default is None:
        message = f"the environment variable {name} is not set"
        problems.error("unset-variable", message, node.location, nearest(name, environ) or f"export {name}=…")
    return reference.default or ""


def _read(path: str, location: Location, problems: Problems) -> str:
    """A secret's file without the line end that editors put last."""
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(MAX_SECRET_FILE + 1)
        text = content.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        problems.error("unreadable-file", f"{path} cannot be read: {error.strerror or error}", location)
        return ""
    except UnicodeDecodeError:
        problems.error("unreadable-file", f"{path} is not UTF-8 text", location)
        return ""
    if len(content) > MAX_SECRET_FILE:
        problems.error("unreadable-file", f"{path} is larger than {MAX_SECRET_FILE >> 10} KiB", location)
    return text


def _with_texts(node: Scalar, texts: list[str]) -> Scalar:
    """A copy of the value, with its references replaced in their order."""
    parts = _REFERENCE.split(str(node.value))[::2]
    text = "".join(f"{part}{inserted}" for part, inserted in zip(parts, [*texts, ""], strict=False))
    return Scalar(node.location, text, text, False)


def _replace(node: Node, replaced: Mapping[int, Scalar]) -> Node:
    if isinstance(node, Scalar):
        return replaced.get(id(node), node)
    if isinstance(node, Sequence):
        return Sequence(node.location, [_replace(item, replaced) for item in node.items])
    if isinstance(node, MappingNode):
        entries = {key: (place, _replace(value, replaced)) for key, (place, value) in node.entries.items()}
        return MappingNode(node.location, entries)
    raise TypeError(f"{node!r} is no node")
