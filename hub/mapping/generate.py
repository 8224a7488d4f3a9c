"""One Python function for a whole mapping.

The function takes the variables, the lookups and the budget of the run, and returns the output.
It stops at the first error, whatever it is; what was wrong is found by `interpret`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from typing import Any

from hub.mapping.emit import Emitter, Name
from hub.mapping.lookups import Lookups
from hub.mapping.plan import (
    Assert,
    Check,
    Constant,
    Each,
    Items,
    Leaf,
    Let,
    Object,
    Plan,
    Require,
    Source,
    Switch,
    When,
)
from hub.mapping.values import Budget

Function = Callable[[Mapping[str, Any], Lookups, Budget], Any]
Names = Mapping[str, Name]


def generate(plan: Plan, variables: Set[str], *, exact: bool) -> Function:
    """The function of a plan; `variables` are those of the outermost scope that it reads."""
    return _Generator(exact=exact).function(plan, variables)


class _Generator:
    def __init__(self, *, exact: bool) -> None:
        self._emitter = Emitter(exact=exact)
        self._lines: list[str] = []
        self._indent = 1

    def function(self, plan: Plan, variables: Set[str]) -> Function:
        names = {}
        for variable in sorted(variables):
            names[variable] = Name(self._emitter.temporary(), nullable=variable != "source")
            self._line(f"{names[variable].text} = _v.get({variable!r})")
        self._line("_r = None")
        self._write(plan, names, "_r = {}")
        text = "\n".join(["def _m(_v, _l, _b):", *self._lines, " return _r"])
        made: dict[str, Function] = {}
        exec(compile(text, "<mapping>", "exec"), self._emitter.globals, made)  # noqa: S102 - text of whitelisted nodes
        return made["_m"]

    def _line(self, text: str) -> None:
        self._lines.append(" " * self._indent + text)

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        self._line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def _inline(self, plan: Plan, names: Names) -> str | None:
        """The text of what always yields a value without statements, or None."""
        if isinstance(plan, Constant):
            return self._emitter.constant(plan.value)
        if isinstance(plan, Leaf):
            return self._inline_leaf(plan, names)
        if isinstance(plan, Items):
            items = [self._inline(item, names) for item in plan.items]
            return None if None in items else f"[{', '.join(item for item in items if item)}]"
        if isinstance(plan, Object):
            texts = {key: self._inline(value, names) for key, (_, value) in plan.fields.items()}
            return None if None in texts.values() else _display(texts)
        return None

    def _inline_leaf(self, leaf: Leaf, names: Names) -> str | None:
        if leaf.optional and leaf.default is None:
            return None
        if leaf.default is None:
            text = self._emitter.strict(leaf.source.tree, names)
            return f"_b.take({text})" if leaf.counted else text
        default = self._inline(leaf.default, names)
        if default is None:
            return None
        found = self._emitter.temporary()
        text = self._emitter.lenient(leaf.source.tree, names)
        value = f"_b.take({found})" if leaf.counted else found
        return f"({value} if ({found} := {text}) is not None else {default})"

    def _write(self, plan: Plan, names: Names, store: str) -> None:
        """Statements that put what the plan makes where `store` says, or nothing if it makes nothing."""
        text = self._inline(plan, names)
        if text is not None:
            self._line(store.format(text))
        elif isinstance(plan, Leaf):
            self._leaf(plan, names, store)
        elif isinstance(plan, Object):
            self._object(plan, names, store)
        elif isinstance(plan, Items):
            self._items(plan, names, store)
        elif isinstance(plan, Each):
            self._each(plan, names, store)
        elif isinstance(plan, When):
            with self._block(f"if {self._lenient(plan.condition, names)}:"):
                self._write(plan.then, names, store)
        elif isinstance(plan, Let):
            self._write(plan.then, {**names, **self._bind(plan, names)}, store)
        elif isinstance(plan, Switch):
            self._switch(plan, names, store)
        elif isinstance(plan, Require):
            self._hold(plan.checks, names)
            self._write(plan.then, names, store)
        elif isinstance(plan, Assert):
            self._assert(plan, names, store)

    def _lenient(self, source: Source, names: Names) -> str:
        return self._emitter.lenient(source.tree, names)

    def _leaf(self, leaf: Leaf, names: Names, store: str) -> None:
        found = self._emitter.temporary()
        self._line(f"{found} = {self._lenient(leaf.source, names)}")
        with self._block(f"if {found} is not None:"):
            self._line(store.format(f"_b.take({found})" if leaf.counted else found))
        if leaf.default is not None:
            with self._block("else:"):
                self._write(leaf.default, names, store)

    def _object(self, plan: Object, names: Names, store: str) -> None:
        made = self._emitter.temporary()
        fields = [(key, value) for key, (_, value) in plan.fields.items()]
        texts: dict[str, str | None] = {}
        while fields and (text := self._inline(fields[0][1], names)) is not None:
            texts[fields.pop(0)[0]] = text
        self._line(f"{made} = {_display(texts)}")
        for key, value in fields:
            self._write(value, names, f"{made}[{_braced(repr(key))}] = {{}}")
        self._line(store.format(made))

    def _items(self, plan: Items, names: Names, store: str) -> None:
        made = self._emitter.temporary()
        self._line(f"{made} = []")
        for item in plan.items:
            self._write(item, names, f"{made}.append({{}})")
        self._line(store.format(made))

    def _bind(self, plan: Let, names: Names) -> dict[str, Name]:
        bound: dict[str, Name] = {}
        for name, source in plan.names:
            text = self._lenient(source, {**names, **bound})
            bound[name] = Name(self._emitter.temporary(), nullable=True)
            self._line(f"{bound[name].text} = {text}")
        return bound

    def _hold(self, checks: tuple[Check, ...], names: Names) -> None:
        for check in checks:
            with self._block(f"if not {self._lenient(check.condition, names)}:"):
                self._line("_needed(None)")

    def _assert(self, plan: Assert, names: Names, store: str) -> None:
        output = self._emitter.temporary()
        self._line(f"{output} = None")
        self._write(plan.then, names, f"{output} = {{}}")
        self._hold(plan.checks, {**names, "output": Name(output, nullable=True)})
        self._line(store.format(output))

    def _each(self, plan: Each, names: Names, store: str) -> None:
        made, items, item = (self._emitter.temporary() for _ in range(3))
        within = {**names, plan.name: Name(item)}
        self._line(f"{items} = _as_list({self._lenient(plan.source, names)})")
        self._line(f"_b.take_items(_len({items}))")
        self._line(f"{made} = []")
        if plan.counts:
            within["loop"] = Name(self._emitter.temporary())
            self._line(f"{within['loop'].text} = {{'index': 0}}")
        rows = self._sorted(plan, within, item, items) if plan.sort else None
        with self._block(f"for {item}, *_ in {rows}:" if rows else f"for {item} in {items}:"):
            if rows is None:
                self._skip(plan, within, item)
            self._count(plan, within)
            self._write(plan.item, within, f"{made}.append({{}})")
        self._line(store.format(made))

    def _sorted(self, plan: Each, names: Names, item: str, items: str) -> str:
        """The name of a list of the items that `$where` lets through, in their order, each with its keys."""
        rows = self._emitter.temporary()
        self._line(f"{rows} = []")
        with self._block(f"for {item} in {items}:"):
            self._skip(plan, names, item)
            keys = ", ".join(self._lenient(key.source, names) for key in plan.sort)
            self._line(f"{rows}.append(({item}, {keys}))")
        for column, key in reversed(list(enumerate(plan.sort, 1))):
            self._line(f"{rows} = _sort_rows({rows}, {column}, {key.descending})")
        return rows

    def _skip(self, plan: Each, names: Names, item: str) -> None:
        wanted = f" or not {self._lenient(plan.where, names)}" if plan.where else ""
        with self._block(f"if {item} is None{wanted}:"):
            self._line("continue")

    def _count(self, plan: Each, names: Names) -> None:
        if plan.counts:
            loop = names["loop"].text
            self._line(f"{loop} = {{'index': {loop}['index'] + 1}}")

    def _switch(self, plan: Switch, names: Names, store: str) -> None:
        chosen = self._emitter.temporary()
        self._line(f"{chosen} = {self._lenient(plan.on, names)}")
        self._line(f"{chosen} = None if {chosen} is None else _text({chosen})")
        word = "if"
        for key, case in plan.cases.items():
            with self._block(f"{word} {chosen} == {key!r}:"):
                self._nested(case, names, store)
            word = "elif"
        with self._block("else:"):
            self._nested(plan.default, names, store)

    def _nested(self, plan: Plan | None, names: Names, store: str) -> None:
        if plan is None:
            self._line("_needed(None)")
        else:
            self._write(plan, names, store)


def _display(texts: Mapping[str, str | None]) -> str:
    return f"{{{', '.join(f'{key!r}: {text}' for key, text in texts.items())}}}"


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
