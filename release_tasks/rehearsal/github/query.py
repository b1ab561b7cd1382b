"""Reads a GraphQL document: operations, fragments, arguments; no directives."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r'\.\.\.|[A-Za-z_]\w*|\$\w+|"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?|[!(){}:=@\[\]]'
)
COMMENT = re.compile(r"#[^\n]*")
WORDS = {"true": True, "false": False, "null": None}


@dataclass
class Field:
    """One wanted field; `on` names the type for which it is wanted, if only for one."""

    name: str
    alias: str
    on: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    fields: list[Field] = field(default_factory=list)


@dataclass
class Query:
    """A parsed document: kind and fields of its operation, and its fragments."""

    kind: str = "query"
    fields: list[Field] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    fragments: dict[str, list[Field]] = field(default_factory=dict)


class Reader:
    """A recursive descent over the tokens of one document."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = TOKEN.findall(COMMENT.sub("", text))
        self.at = 0

    @property
    def next(self) -> str:
        """Return the next token; raise `IndexError` at the end of the document."""
        return self.tokens[self.at]

    def take(self, token: str = "") -> str:
        """Return the next token and go on; raise `ValueError` where another one is expected."""
        found = self.next
        if token and found != token:
            raise ValueError(found)
        self.at += 1
        return found

    def skip(self, token: str) -> bool:
        """Return whether `token` comes next, and go on behind it."""
        if self.at == len(self.tokens) or self.next != token:
            return False
        self.at += 1
        return True

    def document(self) -> Query:
        """Read operations and fragments; of several operations the last one counts."""
        query = Query()
        while self.at < len(self.tokens):
            if self.skip("fragment"):
                name = self.take()
                self.take("on")
                self.take()
                query.fragments[name] = self.fields()
                continue
            if self.next != "{":
                self._read_head(query)
            query.fields = self.fields()
        return query

    def _read_head(self, query: Query) -> None:
        """Read an operation up to its selection: its kind, its name, its variables."""
        query.kind = self.take()
        if self.next not in "({":
            self.take()
        query.defaults = {}
        if self.skip("("):
            query.defaults = self.variables()

    def variables(self) -> dict[str, Any]:
        """Read the defaults of the declared variables."""
        defaults = {}
        while not self.skip(")"):
            name = self.take()[1:]
            self.take(":")
            while self.next not in "=)" and not self.next.startswith("$"):
                self.take()
            if self.skip("="):
                defaults[name] = self.value()
        return defaults

    def fields(self) -> list[Field]:
        """Read one selection in braces."""
        found = []
        self.take("{")
        while not self.skip("}"):
            if self.skip("..."):
                found.append(self.fragment())
            else:
                found.append(self.field())
        return found

    def fragment(self) -> Field:
        """Read the use of a named fragment, or an inline fragment."""
        if self.next == "{":
            return Field("...", "", fields=self.fields())
        if self.skip("on"):
            return Field("...", "", on=self.take(), fields=self.fields())
        return Field("...", alias=self.take())

    def field(self) -> Field:
        """Read a field with its alias, arguments and selection."""
        name = self.take()
        found = Field(name, alias=name)
        if self.skip(":"):
            found.name = self.take()
        if self.skip("("):
            found.args = self.pairs(")")
        if self.next == "{":
            found.fields = self.fields()
        return found

    def pairs(self, end: str) -> dict[str, Any]:
        """Read `name: value` up to `end`."""
        found = {}
        while not self.skip(end):
            name = self.take()
            self.take(":")
            found[name] = self.value()
        return found

    def value(self) -> Any:
        """Read a value; variables stay as `$name`."""
        token = self.take()
        if token == "{":
            return self.pairs("}")
        if token == "[":
            items = []
            while not self.skip("]"):
                items.append(self.value())
            return items
        if token in WORDS:
            return WORDS[token]
        if token[0] in '"-0123456789':
            return json.loads(token)
        return token
