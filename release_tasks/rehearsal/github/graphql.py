"""Just enough GraphQL for gh: pick from plain data exactly what a query asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from release_tasks.rehearsal.github.query import Field, Query, Reader

Node = dict[str, Any]  # field -> value, or a function from arguments to the value


class GraphQLError(Exception):
    """What cannot be answered; `kind` is GitHub's word for it."""

    def __init__(self, message: str, kind: str = "undefinedField") -> None:
        super().__init__(message)
        self.kind = kind


def answer(text: str, variables: dict[str, Any], roots: dict[str, Node]) -> Node:
    """Answer a GraphQL request with `data` and `errors`, as GitHub would; `roots` by kind of operation."""
    try:
        query = Reader(text).document()
        if query.kind not in roots:
            raise GraphQLError(f"this stand-in answers no {query.kind}")
        errors: list[Node] = []
        data = _pick(query.fields, roots[query.kind], query, query.defaults | variables, errors)
        return {"data": data} | ({"errors": errors} if errors else {})
    except GraphQLError as error:
        return {"errors": [{"message": str(error), "extensions": {"code": error.kind}}]}
    except (IndexError, ValueError):
        return {"errors": [{"message": "Parse error", "extensions": {"code": "parseError"}}]}


def connection(nodes: Sequence[Any]) -> Callable[[dict[str, Any]], Node]:
    """Return the resolver of a list that is read by `first` or `last`, and `after`."""

    def page(args: dict[str, Any]) -> Node:
        start = int(args.get("after") or 0)
        end = min(start + int(args.get("first") or args.get("last") or 100), len(nodes))
        info = {"__typename": "PageInfo", "hasNextPage": end < len(nodes), "endCursor": str(end)}
        part, count = list(nodes[start:end]), {"totalCount": len(nodes), "issueCount": len(nodes)}
        edges = [{"__typename": "Edge", "node": node} for node in part]
        return {"__typename": "Connection", "nodes": part, "edges": edges, "pageInfo": info} | count

    return page


def _pick(
    fields: list[Field], node: Node, query: Query, variables: dict[str, Any], errors: list[Node]
) -> Node:
    picked: Node = {}
    kind = node.get("__typename", "Query")
    for wanted in _spread(fields, kind, query):
        if wanted.name not in node:
            raise GraphQLError(f"Field '{wanted.name}' doesn't exist on type '{kind}'")
        value = node[wanted.name]
        try:
            value = value(_bind(wanted.args, variables)) if callable(value) else value
        except GraphQLError as error:
            errors.append({"type": error.kind, "path": [wanted.alias], "message": str(error)})
            value = None
        picked[wanted.alias] = _shape(wanted, value, query, variables, errors)
    return picked


def _shape(
    wanted: Field, value: Any, query: Query, variables: dict[str, Any], errors: list[Node]
) -> Any:
    if isinstance(value, list):
        return [_shape(wanted, item, query, variables, errors) for item in value]
    return (
        _pick(wanted.fields, value, query, variables, errors) if isinstance(value, dict) else value
    )


def _spread(fields: list[Field], kind: str, query: Query) -> Iterator[Field]:
    for wanted in fields:
        if wanted.name != "...":
            yield wanted
        elif wanted.on in ("", kind):
            yield from _spread(
                query.fragments[wanted.alias] if wanted.alias else wanted.fields, kind, query
            )


def _bind(value: Any, variables: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _bind(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_bind(item, variables) for item in value]
    return variables.get(value[1:]) if isinstance(value, str) and value.startswith("$") else value
