"""Just enough GraphQL for gh: pick from plain data exactly what a query asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from release_tasks.rehearsal.github.query import Field, Query, Reader

MOST_SPREADS = 10_000  # fragments of one answer; those in each other double
# field -> value, or a function from arguments to the value
Node = dict[str, Any]


class GraphQLError(Exception):
    """What cannot be answered; `kind` is GitHub's word for it."""

    def __init__(self, message: str, kind: str = "undefinedField") -> None:
        super().__init__(message)
        self.kind = kind


def answer(
    text: str, variables: dict[str, Any], roots: dict[str, Node]
) -> Node:
    """Answer a GraphQL request with `data` and `errors`, as GitHub would.

    `roots` has the data for each kind of operation ("query", "mutation").
    """
    try:
        query = Reader(text).document()
        if query.kind not in roots:
            raise GraphQLError(
                f"the local GitHub does not support {query.kind}"
            )
        selection = _Selection(query, query.defaults | variables)
        data = selection.pick(query.fields, roots[query.kind])
    except GraphQLError as error:
        return _failure(str(error), error.kind)
    except (IndexError, ValueError):
        return _failure("Parse error", "parseError")
    if selection.errors:
        return {"data": data, "errors": selection.errors}
    return {"data": data}


def connection(nodes: Sequence[Any]) -> Callable[[dict[str, Any]], Node]:
    """Return the resolver of a list that is read by `first` or `last`, and `after`."""

    def page(args: dict[str, Any]) -> Node:
        size = int(args.get("first") or args.get("last") or 100)
        start = int(args.get("after") or 0)
        end = min(start + size, len(nodes))
        part = list(nodes[start:end])
        return {
            "__typename": "Connection",
            "nodes": part,
            "edges": [{"__typename": "Edge", "node": node} for node in part],
            "pageInfo": {
                "__typename": "PageInfo",
                "hasNextPage": end < len(nodes),
                "endCursor": str(end),
            },
            "totalCount": len(nodes),
            "issueCount": len(nodes),
        }

    return page


def _failure(message: str, code: str) -> Node:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


@dataclass
class _Selection:
    """What one query picks; `errors` collects what is wrong with single fields."""

    query: Query
    variables: dict[str, Any]
    errors: list[Node] = field(default_factory=list)
    spread: int = 0  # fragments so far

    def pick(self, fields: list[Field], node: Node) -> Node:
        """Return the wanted fields of a node; raise `GraphQLError` for one it does not have."""
        picked: Node = {}
        kind = node.get("__typename", "Query")
        for wanted in self._expanded(fields, kind):
            if wanted.name not in node:
                raise GraphQLError(
                    f"Field '{wanted.name}' doesn't exist on type '{kind}'"
                )
            value = self._resolved(wanted, node[wanted.name])
            picked[wanted.alias] = self._shaped(wanted, value)
        return picked

    def _expanded(
        self, fields: list[Field], kind: str, above: tuple[str, ...] = ()
    ) -> Iterator[Field]:
        """Yield the fields, those of the fragments for this type included."""
        for wanted in fields:
            if wanted.name != "...":
                yield wanted
                continue
            if wanted.on not in ("", kind):
                continue
            inner, names = wanted.fields, above
            if wanted.alias:
                inner = self._fragment(wanted.alias, above)
                names = (*above, wanted.alias)
            yield from self._expanded(inner, kind, names)

    def _fragment(self, name: str, above: tuple[str, ...]) -> list[Field]:
        """Return the fields of a fragment that is inside of those `above`."""
        if name not in self.query.fragments:
            raise GraphQLError(
                f"Fragment {name} was used, but not defined",
                "useAndDefineFragment",
            )
        self.spread += 1
        if name in above or self.spread > MOST_SPREADS:
            raise GraphQLError(
                f"Fragment {name} contains an infinite loop", "infiniteLoop"
            )
        return self.query.fragments[name]

    def _resolved(self, wanted: Field, value: Any) -> Any:
        if not callable(value):
            return value
        try:
            return value(self._bound(wanted.args))
        except GraphQLError as error:
            fact = {
                "type": error.kind,
                "path": [wanted.alias],
                "message": str(error),
            }
            self.errors.append(fact)
            return None

    def _shaped(self, wanted: Field, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shaped(wanted, item) for item in value]
        if isinstance(value, dict):
            return self.pick(wanted.fields, value)
        return value

    def _bound(self, value: Any) -> Any:
        """Replace the variables in the arguments of a field by their values."""
        if isinstance(value, dict):
            return {key: self._bound(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._bound(item) for item in value]
        if isinstance(value, str) and value.startswith("$"):
            return self.variables.get(value[1:])
        return value
