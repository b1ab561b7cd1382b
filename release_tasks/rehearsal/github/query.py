"""Reads a GraphQL document: operations, fragments, arguments; no directives."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r'\.\.\.|[A-Za-z_]\w*|\$\w+|"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?|[!(){}:=@\[\]]')
NOISE = re.compile(r"#[^\n]*")


@dataclass
class Field:
    """One wanted field; `on` names the type for which it is wanted, if only for one."""

    name: str
    alias: str
    on: str
    args: dict[str, Any]
    fields: list[Field]


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
        self.tokens, self.at = TOKEN.findall(NOISE.sub("", text)), 0

    def take(self, token: str = "") -> str:
        """Return the next token and go on; raise `ValueError` where another one is wanted."""
        found: str = self.tokens[self.at]
        if token and found != token:
            raise ValueError(found)
        self.at += 1
        return found

    def has(self, token: str) -> bool:
        """Tell whether `token` comes next, and skip it then."""
        ahead = self.at < len(self.tokens) and self.tokens[self.at] == token
        self.at += ahead
        return ahead

    def document(self) -> Query:
        """Read operations and fragments; of several operations the last one counts."""
        query = Query()
        while self.at < len(self.tokens):
            if self.has("fragment"):
                name = self.take()
                self.take("on"), self.take()
                query.fragments[name] = self.fields()
                continue
            if self.tokens[self.at] != "{":
                query.kind = self.take()
                if self.tokens[self.at] not in "({":
                    self.take()
                query.defaults = self.variables() if self.has("(") else {}
            query.fields = self.fields()
        return query

    def variables(self) -> dict[str, Any]:
        """Read the defaults of the declared variables."""
        defaults = {}
        while not self.has(")"):
            name = self.take()[1:]
            self.take(":")
            while self.tokens[self.at] not in "=)" and not self.tokens[self.at].startswith("$"):
                self.take()
            if self.has("="):
                defaults[name] = self.value()
        return defaults

    def fields(self) -> list[Field]:
        """Read one selection in braces."""
        found = []
        self.take("{")
        while not self.has("}"):
            found.append(self.spread() if self.has("...") else self.one())
        return found

    def spread(self) -> Field:
        """Read a named fragment's use, or an inline fragment."""
        if self.tokens[self.at] == "{":
            return Field("...", "", "", {}, self.fields())
        if self.has("on"):
            return Field("...", "", self.take(), {}, self.fields())
        return Field("...", self.take(), "", {}, [])

    def one(self) -> Field:
        """Read a field with its alias, arguments and selection."""
        alias = name = self.take()
        if self.has(":"):
            name = self.take()
        args = self.pairs(")") if self.has("(") else {}
        return Field(name, alias, "", args, self.fields() if self.tokens[self.at] == "{" else [])

    def pairs(self, end: str) -> dict[str, Any]:
        """Read `name: value` up to `end`."""
        found = {}
        while not self.has(end):
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
            while not self.has("]"):
                items.append(self.value())
            return items
        words = {"true": True, "false": False, "null": None}
        return (
            words[token]
            if token in words
            else json.loads(token)
            if token[0] in '"-0123456789'
            else token
        )
