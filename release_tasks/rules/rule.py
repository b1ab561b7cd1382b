"""What a rule is, and the list of all rules, for docs/rules.md."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ParamSpec

P = ParamSpec("P")


@dataclass(frozen=True)
class Rule:
    """A rule of a service.

    `module` and `function` say where it is written; `text` is its docstring's first sentence.
    """

    service: str
    module: str
    function: str
    text: str
    source: str


@dataclass(frozen=True)
class KnownGap:
    """A rule of a service that is known and not enforced here, and why."""

    service: str
    text: str
    source: str
    why: str


RULES: list[Rule] = []


def rule(
    service: str, source: str
) -> Callable[[Callable[P, Iterator[str]]], Callable[P, list[str]]]:
    """Make a generator a rule of `service`; `source` is the document or file that has it.

    The function takes plain values and yields what the service answers for each fault, in the
    service's words. Callers get a list, which is empty for what the service accepts.
    """

    def register(
        function: Callable[P, Iterator[str]],
    ) -> Callable[P, list[str]]:
        text = inspect.getdoc(function) or ""
        module = function.__module__.rpartition(".")[2]
        first = text.partition("\n\n")[0].replace("\n", " ")
        RULES.append(Rule(service, module, function.__name__, first, source))

        def refusals(*args: P.args, **kwargs: P.kwargs) -> list[str]:
            return list(function(*args, **kwargs))

        refusals.__name__ = function.__name__
        refusals.__qualname__ = function.__qualname__
        refusals.__module__ = function.__module__
        refusals.__doc__ = function.__doc__
        return refusals

    return register
