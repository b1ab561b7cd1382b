"""Which program an image starts, by its entry point and its command."""

from __future__ import annotations

import pytest

from release_tasks.checks.smoke.command import Started, started

OURS = {"anvil", "anvil_cli", "smith"}
CASES: list[tuple[list[str], list[str], str | None]] = [
    (["/usr/bin/anvil"], ["serve"], "/usr/bin/anvil"),
    ([], ["anvil", "serve"], "anvil"),
    (["/anvil-cli"], [], "/anvil-cli"),
    (["/sbin/tini", "--"], ["anvil", "serve"], "anvil"),
    (["tini", "-s", "-p", "SIGTERM", "-g", "--", "anvil"], [], "anvil"),
    (["dumb-init", "--rewrite", "15:2", "anvil"], [], "anvil"),
    (["/usr/bin/env", "-u", "X", "A=1", "anvil"], [], "anvil"),
    (["gosu", "app:app", "anvil"], [], "anvil"),
    (["timeout", "-k", "5", "60", "anvil"], [], "anvil"),
    (["uv", "run", "--no-sync", "anvil"], [], "anvil"),
    (["/docker-entrypoint.sh"], ["anvil", "serve"], "anvil"),
    (["tini", "--", "/entrypoint.sh"], ["/app/anvil"], "/app/anvil"),
    (["/bin/sh", "-c", "exec anvil serve --port $PORT"], [], "anvil"),
    (["sh", "-ec", "migrate && exec tini -- anvil"], [], "anvil"),
    (["python3", "-m", "anvil"], ["serve"], "python3 -m anvil"),
    (
        ["python3.12", "-u", "-X", "dev", "/x/anvil.py"],
        [],
        "python3.12 -u -X dev /x/anvil.py",
    ),
    (["java", "-Xmx1g", "-jar", "/a/anvil-0.2.0.jar"], [], None),
    (["node", "--enable-source-maps", "anvil.js"], [], None),
    (["dotnet", "Anvil.dll"], [], "dotnet Anvil.dll"),
]


@pytest.mark.parametrize(("entrypoint", "command", "argv"), CASES)
def test_our_program_is_found_where_others_start_it(
    entrypoint: list[str], command: list[str], argv: str | None
) -> None:
    found = started(entrypoint, command, OURS)
    assert found is not None
    assert found.is_ours
    expected = argv or " ".join(entrypoint)
    assert " ".join(found.argv) == expected


@pytest.mark.parametrize(
    ("entrypoint", "command"),
    [
        ([], []),
        (["/usr/bin/python3"], ["/app/main.py"]),
        ([], ["python", "-c", "import anvil"]),
        (["node"], ["server.js"]),
        (["java"], ["-cp", "/anvil.jar", "org.example.Main"]),
        (["/bin/sh"], []),
        (["/bin/sh", "-c", "serve"], []),
        (["sh", "-c", "$PROGRAM anvil"], []),
        (["bash", "-c", "echo 'anvil"], []),
        (["tini", "--"], ["ruby", "app.rb"]),
        (["tini"], []),
    ],
)
def test_an_interpreter_without_a_program_of_ours_is_not_started(
    entrypoint: list[str], command: list[str]
) -> None:
    assert started(entrypoint, command, OURS) is None


@pytest.mark.parametrize(
    ("entrypoint", "command", "program"),
    [
        (["nginx", "-g", "daemon off;"], [], "nginx"),
        (["/docker-entrypoint.sh"], ["nginx"], "/docker-entrypoint.sh"),
        (["tini", "--", "/app/server"], ["/etc/anvil"], "/app/server"),
        ([], ["/bin/config", "anvil"], "/bin/config"),
    ],
)
def test_another_program_is_started_and_not_ours(
    entrypoint: list[str], command: list[str], program: str
) -> None:
    assert started(entrypoint, command, OURS) == Started(
        (program,), is_ours=False
    )
