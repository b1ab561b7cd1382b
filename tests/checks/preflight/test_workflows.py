"""The workflows of a project: each check finds its problem, and nothing in a sound one."""

from __future__ import annotations

import pytest
from support.contexts import context
from support.tiny_project import TinyProject, problems, run_checks

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight import workflows

pytestmark = pytest.mark.tools("gh")


RUNS = "name: CD\n{on}\njobs:\n  a:\n    steps:\n      - run: {run}\n"


def reported(
    tiny: TinyProject, on: str, run: str = "cargo publish"
) -> list[str]:
    path = tiny.root / ".github" / "workflows" / "cd.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RUNS.format(on=on, run=run))
    return problems(tiny, workflows)


@pytest.mark.statement("B2.21")
@pytest.mark.parametrize(
    "on",
    [
        "on: push",
        "on: [push]",
        "on:\n  push:",
        "on:\n  push:\n    tags: v*",
        "on:\n  push:\n    tags: ['v[0-9]+.[0-9]+.[0-9]+']",
        "on:\n  push:\n    tags:\n      - '**'",
        "on: release",
        "on:\n  release:\n    types: [published]",
        "'on': push",
    ],
)
def test_a_workflow_that_publishes_on_this_tag_is_found(
    tiny: TinyProject, on: str
) -> None:
    [problem] = reported(tiny, on)
    assert (
        problem
        == ".github/workflows/cd.yml runs on tag v0.2.0 and also publishes (cargo publish)"
    )


@pytest.mark.parametrize(
    "on",
    [
        "on: pull_request",
        "on:\n  push:\n    branches: [main]",
        "on:\n  push:\n    tags: ['py-v*']",
        "on: workflow_dispatch",
        "{}",
        "[]",
    ],
)
def test_a_workflow_that_does_not_run_on_this_tag_is_left_alone(
    tiny: TinyProject, on: str
) -> None:
    assert reported(tiny, "on:" if on in ("{}", "[]") else on) == []


def test_a_workflow_that_calls_our_tasks_is_left_alone(
    tiny: TinyProject,
) -> None:
    assert reported(tiny, "on: push", "inv publish-crates") == []


def test_a_workflow_that_publishes_after_another_one_on_this_tag_is_found(
    tiny: TinyProject,
) -> None:
    after = (
        "name: Packages\non:\n  workflow_run:\n    workflows: [CD]\njobs:\n  a:\n    steps:\n"
        "      - run: docker push it; gh release create it\n"
    )
    tiny.commit(".github/workflows/after.yml", after)
    tiny.commit(
        ".github/workflows/at-last.yml",
        after.replace("CD", "Packages").replace("name: Packages", "name: Last"),
    )
    assert reported(tiny, "on: push", "make") == [
        (
            f".github/workflows/{name}.yml runs after .github/workflows/{by}.yml and also "
            f"publishes (docker push, gh release create)"
        )
        for name, by in (("after", "cd"), ("at-last", "after"))
    ]
    assert reported(tiny, "on: pull_request", "make") == []
    tiny.commit(
        ".github/workflows/after.yml",
        after.replace("[CD]", "[CD]\n    branches: [main]"),
    )
    assert reported(tiny, "on: push", "make") == []
    fixed = {
        one.fix
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), workflows
        )
    }
    tiny.commit(".github/workflows/after.yml", after)
    fixed |= {
        one.fix
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), workflows
        )
    }
    assert fixed == {
        "let the workflow call the tasks, or remove its workflow_run trigger"
    }
    tiny.commit(
        ".github/workflows/after.yml",
        after.replace(
            "workflow_run:\n    workflows: [CD]", "workflow_dispatch:"
        ),
    )
    assert reported(tiny, "on: push", "make") == []


def test_a_workflow_that_is_no_yaml_is_an_error(tiny: TinyProject) -> None:
    [problem] = reported(tiny, "on: [push")
    assert "cd.yml is not valid YAML" in problem
    (tiny.root / ".github" / "workflows" / "cd.yml").write_text("just words\n")
    assert problems(tiny, workflows) == []


def warned(tiny: TinyProject, filters: str) -> dict[str, tuple[str, str]]:
    tiny.commit(
        ".github/workflows/ci.yml",
        f"on:\n  push:\n    tags: {filters}\njobs: {{}}\n",
    )
    return {
        one.name: (one.fact, one.fix)
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), workflows
        )
    }


@pytest.mark.statement("B1.11")
@pytest.mark.parametrize(
    "filters",
    [
        "['v*']",
        "['v[0-9]+.[0-9]+.[0-9]+']",
        "['**']",
        "'v?[0-9]*'",
        "['v*', '!v*-rc*']",
        "['v\\d.*', 'v*']",
    ],
)
def test_filters_that_let_the_tags_of_the_project_through_are_well(
    tiny: TinyProject, filters: str
) -> None:
    assert warned(tiny, filters) == {}


@pytest.mark.statement("B3.25")
def test_a_workflow_that_waits_for_a_tag_nobody_makes_is_found(
    tiny: TinyProject,
) -> None:
    fact, fix = warned(tiny, "['[0-9]+.[0-9]+.[0-9]+']")[
        "tag-filter-too-narrow"
    ]
    assert (fact, fix) == (
        ".github/workflows/ci.yml waits for tags, but not for v0.2.0",
        "add 'v[0-9]*' to its tags",
    )
    assert warned(tiny, "['[0-9]+.[0-9]+.[0-9]+', 'v[0-9]*']") == {}


def test_a_workflow_for_tags_of_something_else_is_well(
    tiny: TinyProject,
) -> None:
    tiny.tag("c-v0.1.0")
    assert warned(tiny, "['c-v*']") == {}
    tiny.tag("v0.1.0")
    assert warned(tiny, "['c-v[0-9]*']") == {}
    # no tag of the project has this form
    assert "tag-filter-too-narrow" in warned(tiny, "['java-v*']")


def test_a_prerelease_that_starts_no_workflow_is_found(
    tiny: TinyProject,
) -> None:
    def narrow(filters: str) -> list[str]:
        warned(tiny, filters)
        found = run_checks(
            CheckContext(context(), tiny.release("0.2.0-rc.1")), workflows
        )
        return [
            f"{one.fact}; {one.fix}"
            for one in found
            if one.name == "tag-filter-too-narrow"
        ]

    strict = "v[0-9]+.[0-9]+.[0-9]+"
    assert narrow(f"['{strict}']") == [
        (
            f".github/workflows/ci.yml waits for tags, but not for v0.2.0-rc.1; add "
            f"'{strict}-rc.[0-9]+' to its tags"
        )
    ]
    assert narrow(f"['{strict}', '{strict}-rc.[0-9]+']") == []


@pytest.mark.statement("B5.20")
def test_a_filter_for_the_tags_of_several_components_is_found(
    two: TinyProject,
) -> None:
    def wide(filters: str) -> list[str]:
        two.commit(
            ".github/workflows/ci.yml",
            f"on:\n  push:\n    tags: {filters}\njobs: {{}}\n",
        )
        found = run_checks(
            CheckContext(context(), two.release("core=0.2.0,other=0.5.0")),
            workflows,
        )
        assert all(one.name == "tag-filter-too-wide" for one in found)
        return [f"{one.fact}; {one.fix}" for one in found]

    assert wide("['*v*']") == [
        ".github/workflows/ci.yml runs on the tags of 2 components: core, other (*v*); "
        "replace it with those of 'v[0-9]*', 'other-v[0-9]*' that are meant"
    ]
    assert wide("['v[0-9]*', 'other-v[0-9]*']") == []


def test_a_workflow_on_the_tags_of_promotions_is_well_unless_it_makes_the_release_too(
    tiny: TinyProject,
) -> None:
    tiny.commit("release-tasks.toml", '[github]\nrelease = "promote"\n')
    assert warned(tiny, "['v*-stable']") == {}
    assert reported(
        tiny, "on:\n  push:\n    tags: ['v*-stable']", "gh release create"
    ) == [
        ".github/workflows/cd.yml runs on tag v0.2.0-stable and also publishes (gh release create)"
    ]
    tiny.commit("release-tasks.toml", "")
    found = {
        one.file[-6:]: (one.name, one.fix)
        for one in run_checks(
            CheckContext(context(), tiny.release("0.2.0")), workflows
        )
    }
    assert (
        found
        == {  # with other tags the one that publishes would do that twice
            "ci.yml": ("tag-filter-too-narrow", "add 'v[0-9]*' to its tags"),
            "cd.yml": (
                "tag-filter-too-narrow",
                "remove its tag trigger: the release does the same (gh release create)",
            ),
        }
    )
    assert reported(tiny, "on: workflow_dispatch", "gh release create") == []
    assert (
        warned(tiny, "'v*-stable'")["tag-filter-too-narrow"][0]
        == ".github/workflows/ci.yml waits for tags, but not for v0.2.0"
    )


def permitted(tiny: TinyProject, **lines: str) -> list[tuple[str, str]]:
    """Write a workflow of one job with these keys, and return what is said of its token."""
    job = {"runs-on": "ubuntu-latest", "steps": "[]"} | lines
    text = "on: workflow_dispatch\njobs:\n  out:\n" + "".join(
        f"    {key}: {value}\n" for key, value in job.items()
    )
    tiny.commit(".github/workflows/out.yml", text)
    found = run_checks(
        CheckContext(context(), tiny.release("0.2.0")), workflows
    )
    assert {(one.name, one.severity) for one in found} <= {
        ("token-without-permission", "warning")
    }
    return [(one.fact, one.fix) for one in found]


MAKES = '[{run: gh release create v1, env: {GH_TOKEN: "${{ secrets.GITHUB_TOKEN }}"}}]'


SIGNS = "[{uses: pypa/gh-action-pypi-publish@release/v1}]"


LOGS_IN = (
    "{uses: docker/login-action@v3, "
    'with: {registry: ghcr.io, password: "${{ github.token }}"}}'
)
PUSHES = (
    f"[{LOGS_IN}, {{uses: docker/build-push-action@v6, with: {{push: true}}}}]"
)


@pytest.mark.sample(4)
@pytest.mark.statement("B3.10", "B3.25", "B4.45", "B4.47")
@pytest.mark.parametrize(
    ("steps", "scope", "words"),
    [
        (MAKES, "contents", "gh release create"),
        (
            "[{uses: softprops/action-gh-release@v2}]",
            "contents",
            "action-gh-release",
        ),
        (PUSHES, "packages", "push: true"),
        (SIGNS, "id-token", "gh-action-pypi-publish"),
    ],
)
def test_a_job_whose_token_may_not_do_what_the_job_does_is_found(
    tiny: TinyProject, steps: str, scope: str, words: str
) -> None:
    [(fact, fix)] = permitted(tiny, steps=steps, permissions="{actions: read}")
    assert fact == (
        f"job out of .github/workflows/out.yml does `{words}` with the workflow's token, "
        f"which needs `{scope}: write`, but its permissions do not grant it"
    )
    assert (
        permitted(
            tiny,
            steps=steps,
            permissions=f"{{actions: read, {fix.split('`')[1]}}}",
        )
        == []
    )
    [(fact, fix)] = permitted(tiny, steps=steps)
    assert fact.endswith(
        "but without `permissions` a new repository does not grant it"
    )
    assert (
        permitted(
            tiny,
            steps=steps,
            permissions=f"{{{', '.join(fix.split('`')[1::2])}}}",
        )
        == []
    )
    assert permitted(tiny, steps=steps, permissions="read-all") != []
    assert permitted(tiny, steps=steps, permissions="write-all") == []


@pytest.mark.parametrize(
    "steps",
    [
        MAKES.replace("GITHUB_TOKEN", "RELEASE_TOKEN"),
        PUSHES.replace("github.token", "secrets.DEPLOY"),
        PUSHES.replace("ghcr.io", "quay.io"),
        (
            '[{uses: pypa/gh-action-pypi-publish@release/v1, with: {password: "${{ '
            'secrets.PYPI_API_TOKEN }}"}}]'
        ),
        '[{run: cargo test, env: {GH_TOKEN: "${{ github.token }}"}}]',
        "[]",
        "just words",
    ],
)
def test_other_tokens_and_jobs_that_only_read_are_left_alone(
    tiny: TinyProject, steps: str
) -> None:
    assert permitted(tiny, steps=steps, permissions="{contents: read}") == []
