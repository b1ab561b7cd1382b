"""What Dockerfiles copy, against what the commit has in their build contexts."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.contexts import context
from support.repositories import commit_files, git
from support.tiny_project import run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import containers
from release_tasks.checks.preflight.dockerfiles import BuildContext
from release_tasks.errors import ReleaseError
from release_tasks.project.discovery import discover
from release_tasks.release import Release

FILES = {
    "Dockerfile": "FROM scratch\nCOPY README.md /\n",
    "README.md": "# Shop\n",
    "app/main.py": "print()\n",
    "app/data/a.txt": "a\n",
    ".config/x": "x\n",
    "tasks.py": "from release_tasks import ns\n",
}
SETTINGS = '[project]\nversion = "tag"\n[images."ghcr.io/example/shop"]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch=main")
    (made / "untracked.txt").write_text("built here\n")
    (made / "link").symlink_to("app")
    commit_files(made, {**FILES, ".gitignore": "untracked.txt\n"})
    monkeypatch.chdir(made)
    return made


COPIES = [
    ("COPY README.md /", "", []),
    ("COPY . /", "", []),
    ("COPY app app/ ./app/data/ /app/data/a.txt /x/", "", []),
    ("COPY .config/x /", "", []),
    ("COPY ../README.md /", "", []),
    ("COPY link/main.py link /", "", []),
    ("COPY missing* app/*.rs $FILE ${FILE}.x /", "", []),
    ("COPY --from=alpine /etc/passwd /", "", []),
    ("ADD https://example.org/x git@github.com:o/n.git /", "", []),
    ("COPY <<EOF /x\nCOPY nothing /\nEOF", "", []),
    ("COPY untracked.txt /", "", ["untracked.txt"]),
    ('COPY ["README.md", "read me", "/"]', "", ["read me"]),
    ("ADD --chown=1:1 app/gone README.md /", "", ["app/gone"]),
    ("COPY app /", "app", ["app"]),
    ("COPY app/data /", "app/*\n!app/data\n", []),
    ("COPY README.md /", "*.md\n", ["README.md"]),
    ("COPY app/main.py app /", "**/main.py\n", ["app/main.py"]),
]


@pytest.mark.parametrize(("line", "ignore", "missing"), COPIES)
def test_what_is_copied_is_in_the_context(
    root: Path, line: str, ignore: str, missing: list[str]
) -> None:
    commit_files(
        root, {"Dockerfile": f"FROM x\n{line}\n", ".dockerignore": ignore}
    )
    found = BuildContext.of(root, "Dockerfile", ".").missing(None)
    assert [one.source for one in found] == missing


def test_a_dockerfile_has_its_own_dockerignore(root: Path) -> None:
    commit_files(
        root, {"Dockerfile.dockerignore": "README.md\n", ".dockerignore": ""}
    )
    [missing] = BuildContext.of(root, "Dockerfile", ".").missing(None)
    assert (missing.source, missing.line) == ("README.md", 2)


def reported(root: Path) -> list[tuple[str, str, str, int]]:
    case = CheckContext(context(), Release.at(context(), "0.2.0"))
    return [
        (one.name, one.fact, one.fix, one.line)
        for one in run_checks(case, containers)
    ]


def test_a_missing_source_is_found_with_its_line(root: Path) -> None:
    settings = f'{SETTINGS}context = "app"\n'
    commit_files(root, {"release-tasks.toml": settings})
    assert reported(root) == [
        (
            "dockerfile-missing-source",
            "Dockerfile copies README.md, which is not in app/, the build context",
            "git add app/README.md, or correct that line, "
            "or context in [images.ghcr.io/example/shop]",
            2,
        )
    ]
    commit_files(
        root, {"release-tasks.toml": SETTINGS, ".dockerignore": "*.md"}
    )
    [(name, _, fix, _)] = reported(root)
    assert (name, fix) == (
        "dockerfile-missing-source",
        "add !README.md to .dockerignore",
    )
    commit_files(root, {".dockerignore": "*.md\n!README.md"})
    assert reported(root) == []


def test_a_target_is_a_stage(root: Path) -> None:
    text = "FROM scratch AS base\nFROM base AS shop\nFROM base AS tools\n"
    files = {
        "Dockerfile": text,
        "release-tasks.toml": f'{SETTINGS}target = "Base"\n',
    }
    commit_files(root, files)
    assert reported(root) == []
    commit_files(root, {"release-tasks.toml": f'{SETTINGS}target = "worker"\n'})
    [(name, fact, fix, _)] = reported(root)
    assert (name, fact) == (
        "dockerfile-missing-stage",
        "Dockerfile has no stage worker, the target of ghcr.io/example/shop",
    )
    assert fix == "use one of: base, shop, tools"
    commit_files(root, {"release-tasks.toml": SETTINGS})
    [(name, fact, fix, _)] = reported(root)
    assert (name, fact) == (
        "unused-stage",
        "ghcr.io/example/shop is built from tools of Dockerfile, "
        "which also has a stage shop",
    )
    commit_files(root, {"release-tasks.toml": f'{SETTINGS}target = "shop"\n'})
    assert reported(root) == []


CONTEXTS = [
    ("both have another file", "COPY x /", {"x": "1", "api/x": "2"}, None),
    ("both have the same file", "COPY x /", {"x": "1", "api/x": "1"}, "."),
    ("only the folder has it", "COPY y /", {"api/y": "2"}, "api"),
    ("only the root has it", "COPY z /", {"z": "2"}, "."),
    ("neither has it", "COPY gone /", {}, "."),
    ("nothing is copied", "RUN true", {"api/x": "2"}, "."),
    (
        "all of a folder with more than Dockerfiles",
        "COPY . /",
        {"api/a.go": ""},
        None,
    ),
    (
        "all, beside a Dockerfile alone",
        "COPY . /",
        {"api/entrypoint.sh": ""},
        ".",
    ),
    (
        "compose says it",
        "COPY . /",
        {
            "api/a.go": "",
            "compose.yaml": "services:\n  api:\n    build: ./api\n  db:\n    image: x\n",
        },
        "api",
    ),
    (
        "compose in another folder says it",
        "COPY . /",
        {
            "api/a.go": "",
            "deploy/docker-compose.yml": (
                "services:\n  api:\n    build:\n      context: ..\n"
                "      dockerfile: api/Dockerfile\n"
            ),
        },
        ".",
    ),
    (
        "a workflow says it",
        "COPY . /",
        {
            "api/a.go": "",
            ".github/workflows/cd.yml": (
                "jobs:\n  x:\n    steps:\n      - uses: docker/build-push-action@v6\n"
                "        with: {context: api}\n"
            ),
        },
        "api",
    ),
]


@pytest.mark.parametrize(
    ("line", "files", "expected"),
    [row[1:] for row in CONTEXTS],
    ids=[row[0] for row in CONTEXTS],
)
def test_the_context_is_the_folder_that_has_what_is_copied(
    root: Path, line: str, files: dict[str, str], expected: str | None
) -> None:
    settings = f'{SETTINGS}dockerfile = "api/Dockerfile"\n'
    dockerfile = {"api/Dockerfile": f"FROM x\n{line}\n"}
    commit_files(root, {"release-tasks.toml": settings, **dockerfile, **files})
    found = discover(root).components[0].images
    if expected is not None:
        assert not isinstance(found, ReleaseError)
        assert found[0].context == expected
        return
    assert isinstance(found, ReleaseError)
    assert 'context = "api"  # or .' in found.fix
    commit_files(root, {"release-tasks.toml": f'{settings}context = "api"\n'})
    [image] = discover(root).components[0].images
    assert image.context == "api"
