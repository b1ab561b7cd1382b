"""What a Dockerfile's text says: instructions, stages, and what it copies from the context."""

from __future__ import annotations

import pytest

from release_tasks.formats import dockerfile

EVERYTHING = """# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM rust:1 AS Build
COPY Cargo.toml \\
  # a comment
  Cargo.lock ./
COPY --chown=1:1 ["a b", "/c/"]
RUN <<EOT
COPY nothing /
EOT
ADD https://example.org/y /z
COPY <<EOF /etc/x
COPY text /
EOF
FROM scratch
COPY --from=build /x /x
COPY src/*.rs $FOO ../up ./d/ /y
onbuild COPY later /
"""


def paths(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.path) for one in dockerfile.copied(text)]


def test_what_is_copied_has_its_line_and_its_path() -> None:
    assert paths(EVERYTHING) == [
        (3, "Cargo.toml"),
        (3, "Cargo.lock"),
        (6, "a b"),
        (16, "up"),
        (16, "d"),
    ]
    assert paths("FROM scratch\nCOPY . /\nADD / /\n") == [(2, ""), (3, "")]
    assert paths("# escape=`\nFROM x\nCOPY a `\n b /\n") == [(3, "a"), (3, "b")]


@pytest.mark.parametrize(
    ("target", "is_there"),
    [("BUILD", True), ("1", True), ("2", False), ("b", False)],
)
def test_a_stage_is_found_by_name_in_any_case_or_number(
    target: str, is_there: bool
) -> None:
    assert dockerfile.stages(EVERYTHING) == ["build", ""]
    assert dockerfile.has_stage(EVERYTHING, target) is is_there


STAGES = """FROM a AS base
FROM base AS server
FROM base AS worker
COPY --from=0 /x /x
FROM scratch AS tools
RUN --mount=type=bind,from=server,source=/x,target=/y true
FROM worker
"""


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        (None, {0, 2, 4}),
        ("server", {0, 1}),
        ("worker", {0, 2}),
        ("tools", {0, 1, 3}),
        ("2", {0, 2}),
    ],
)
def test_the_build_of_a_target_needs_only_its_stages(
    target: str | None, needed: set[int]
) -> None:
    assert dockerfile.needed_stages(STAGES, target) == needed


FILES = (
    "a",
    "b/c",
    "b/d",
    "src/x.rs",
    "docs/y.md",
    "docs/deep/z.md",
    "Makefile",
)


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("", FILES),
        ("*\n!src\n!b/c\n", ("b/c", "src/x.rs")),
        ("**/*.md", ("a", "b/c", "b/d", "src/x.rs", "Makefile")),
        (
            "docs/*.md\n# b\n/b/",
            ("a", "src/x.rs", "docs/deep/z.md", "Makefile"),
        ),
        ("?\nM[a-z]*", ("src/x.rs", "docs/y.md", "docs/deep/z.md")),
        ("docs\n!docs/deep/z.md", (*FILES[:4], "docs/deep/z.md", "Makefile")),
    ],
)
def test_a_dockerignore_leaves_files_out_of_the_context(
    ignore: str, left: tuple[str, ...]
) -> None:
    assert tuple(dockerfile.present(FILES, ignore)) == left


WORDS_THAT_END_NO_HEREDOC = (
    "RUN echo $((1<<SHIFT))",
    "RUN git log --format='<<START %h'",
    'RUN echo "a <<EOF b"',
    "RUN cat<<EOF",
    "RUN cat <<<EOF",
)


@pytest.mark.parametrize("line", WORDS_THAT_END_NO_HEREDOC)
def test_only_a_word_of_its_own_begins_a_heredoc(line: str) -> None:
    text = f"FROM x\n{line}\nFROM y AS last\nCOPY a /\n"
    assert dockerfile.stages(text) == ["", "last"]
    assert paths(text) == [(4, "a")]


@pytest.mark.parametrize("begin", ["<<EOF", "<<-EOF", "3<<'EOF'", '<<"EOF"'])
def test_a_heredoc_ends_at_its_word(begin: str) -> None:
    text = f"FROM x\nRUN cat {begin}\nCOPY a /\nEOF\nCOPY b /\n"
    assert paths(text) == [(5, "b")]


MOUNTS = [
    ("type=bind,source=a.txt,target=/m", ["a.txt"]),
    ("source=a/b,target=/m", ["a/b"]),
    ("src=./a,dst=/m", ["a"]),
    ("type=bind,target=/m", [""]),
    ("type=bind,from=other,source=a,target=/m", []),
    ("type=cache,source=a,target=/m", []),
    ("type=secret,id=a", []),
    ("type=bind,source=$A,target=/m", []),
]


@pytest.mark.parametrize(("mount", "wanted"), MOUNTS)
def test_run_binds_paths_of_the_context(mount: str, wanted: list[str]) -> None:
    text = f"FROM x\nRUN --mount={mount} --network=none make\n"
    assert [path for _, path in paths(text)] == wanted
