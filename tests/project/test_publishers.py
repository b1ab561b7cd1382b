"""Which steps of a workflow publish, and which tags start it."""

from __future__ import annotations

import pytest

from release_tasks.project.publishers import commands, published
from release_tasks.project.workflows import Workflow

PUBLISHES = [
    ("cargo publish", "cargo publish"),
    ("cargo +nightly publish -p core", "cargo +nightly publish"),
    ("cargo release --execute", "cargo release"),
    ("cargo release publish -x", "cargo release"),
    ("cargo workspaces publish --from-git", "cargo workspaces publish"),
    ("release-plz release", "release-plz release"),
    ("python -m twine upload dist/*", "twine upload"),
    ("uv publish", "uv publish"),
    ("poetry publish --build", "poetry publish"),
    ("maturin publish", "maturin publish"),
    ("docker push ghcr.io/acme/lamp", "docker push"),
    ("docker image push ghcr.io/acme/lamp", "docker image push"),
    ("podman push lamp", "podman push"),
    ("docker manifest push x", "docker manifest push"),
    (
        "docker buildx imagetools create -t x y",
        "docker buildx imagetools create",
    ),
    ("docker buildx build --push -t x .", "docker buildx build"),
    ("docker buildx build -t x \\\n  --push .", "docker buildx build"),
    ("docker build --output type=registry .", "docker build"),
    ("docker buildx bake --push", "docker buildx bake"),
    ("skopeo copy oci:x docker://ghcr.io/acme/lamp", "skopeo copy"),
    ("crane push x.tar ghcr.io/acme/lamp", "crane push"),
    ("helm push x.tgz oci://ghcr.io/acme", "helm push"),
    ('gh release upload "$TAG" x', "gh release upload"),
    ("if true; then gh release create x; fi", "gh release create"),
    ("goreleaser release --clean", "goreleaser release"),
    ("npx semantic-release", "semantic-release"),
    ("semantic-release version", "semantic-release"),
    ("docker compose build --push", "docker compose build"),
    ("earthly --push +image", "earthly"),
    ("regctl image copy a b", "regctl image copy"),
    ("/kaniko/executor --destination x", "/kaniko/executor"),
    ("gh release edit v1 --draft=false", "gh release edit"),
    ("gh api repos/o/r/releases -f tag_name=v1", "gh api"),
    ("cargo publish --registry=crates-io", "cargo publish"),
    ("docker push registry.example/lamp", "docker push"),
]
DOES_NOT = [
    "cargo publish --dry-run",
    "cargo publish -n",
    "cargo publish --list",
    "cargo publish --registry internal",
    "twine upload --repository testpypi dist/*",
    "uv publish --publish-url https://test.pypi.example/legacy/",
    "poetry publish -r test-pypi",
    "hatch publish -r test",
    "docker push localhost:5000/lamp",
    "docker buildx build --push -t 127.0.0.1:5000/lamp .",
    "helm push x.tgz oci://localhost:5000/charts",
    "release-plz release-pr",
    "semantic-release --noop version",
    "semantic-release version --print",
    "/kaniko/executor --destination x --no-push",
    "gh release edit v1 --notes x",
    "gh api repos/o/r/releases",
    "gh api repos/o/r/releases/latest -F x=y",
    "# cargo publish",
    "cargo release minor",
    "cargo test",
    "echo cargo publish",
    "twine check dist/*",
    "docker build -t x .",
    "docker buildx build --push=false .",
    "docker buildx build --load .",
    "docker pull x",
    "skopeo copy docker://ghcr.io/acme/lamp oci:x",
    "gh release view v1",
    "gh release download v1",
    "goreleaser release --snapshot",
    "helm package x",
    "inv publish-crates",
    "maturin build",
]
ACTIONS = [
    ("pypa/gh-action-pypi-publish@release/v1", "", "gh-action-pypi-publish"),
    ("PyO3/maturin-action@v1", "command: upload", "maturin-action upload"),
    ("PyO3/maturin-action@v1", "command: build", ""),
    ("PyO3/maturin-action@v1", "", ""),
    ("docker/build-push-action@v6", "push: true", "push: true"),
    ("docker/build-push-action@v6", "push: false", ""),
    ("docker/build-push-action@v6", "", ""),
    (
        "docker/build-push-action@v6",
        "push: \"${{ github.event_name != 'pull_request' }}\"",
        "build-push-action push",
    ),
    (
        "docker/build-push-action@v6",
        "outputs: 'type=image,push=true'",
        "build-push-action outputs",
    ),
    ("docker/bake-action@v6", "push: true", "push: true"),
    ("softprops/action-gh-release@v2", "", "action-gh-release"),
    ("svenstaro/upload-release-action@v2", "", "upload-release-action"),
    ("taiki-e/create-gh-release-action@v1", "", "create-gh-release-action"),
    ("taiki-e/upload-rust-binary-action@v1", "", "upload-rust-binary-action"),
    ("AButler/upload-release-assets@v3", "", "upload-release-assets"),
    ("actions/create-release@v1", "", "create-release"),
    ("ncipollo/release-action@v1", "", "release-action"),
    (
        "goreleaser/goreleaser-action@v6",
        "args: release --clean",
        "goreleaser-action",
    ),
    ("goreleaser/goreleaser-action@v6", "args: build --snapshot", ""),
    ("release-plz/action@v0.5", "command: release", "release-plz/action"),
    ("release-plz/action@v0.5", "command: release-pr", ""),
    ("katyo/publish-crates@v2", "", "publish-crates"),
    ("actions-rs/cargo@v1", "command: publish", "cargo publish"),
    ("actions-rs/cargo@v1", "command: test", ""),
    ("helm/chart-releaser-action@v1", "", "chart-releaser-action"),
    ("redhat-actions/push-to-registry@v2", "", "push-to-registry"),
    ("actions/upload-artifact@v4", "", ""),
    ("actions/checkout@v4", "", ""),
    ("release-drafter/release-drafter@v6", "", ""),
]


def workflow(text: str) -> Workflow:
    from ruamel.yaml import YAML

    return Workflow("ci.yml", text, YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize(("script", "words"), PUBLISHES)
def test_a_command_that_publishes_is_known(script: str, words: str) -> None:
    assert list(commands(script)) == [words]


@pytest.mark.parametrize("script", DOES_NOT)
def test_a_command_that_only_tries_or_reads_is_left_alone(script: str) -> None:
    assert list(commands(script)) == []


@pytest.mark.parametrize(("action", "option", "words"), ACTIONS)
def test_an_action_that_publishes_is_known(
    action: str, option: str, words: str
) -> None:
    step = f"      - uses: {action}\n"
    if option:
        step += f"        with:\n          {option}\n"
    found = published(workflow(f"on: push\njobs:\n  a:\n    steps:\n{step}"))
    assert found == [word for word in (words,) if word]


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("startsWith(github.ref, 'refs/tags/')", True),
        ("github.ref == 'refs/heads/main'", False),
        (
            "github.ref == 'refs/heads/main' || startsWith(github.ref, 'refs/tags/')",
            True,
        ),
        ("github.event_name == 'pull_request'", False),
        ("github.event_name != 'pull_request'", True),
        ("false", False),
    ],
)
def test_a_step_that_cannot_run_on_a_tag_publishes_nothing(
    condition: str, runs: bool
) -> None:
    step = f'      - if: "{condition}"\n        run: cargo publish\n'
    found = published(workflow(f"on: push\njobs:\n  a:\n    steps:\n{step}"))
    assert bool(found) == runs


FILTERS = [
    ("tags: ['v*']", "v1.2.0", True),
    ("tags: ['v*']", "release/v1", False),
    ("tags: ['**']", "release/v1", True),
    ("tags: ['*']", "release/v1", False),
    ("tags: ['v2.[0-9]+.[0-9]+']", "v2.4.0", True),
    ("tags: ['v2.[0-9]+.[0-9]+']", "v2.14.10", True),
    ("tags: ['v2.[0-9]+.[0-9]+']", "v2.4.0-rc.1", False),
    ("tags: ['v[12].[0-9]+.[0-9]+']", "v2.0.0", True),
    ("tags: ['v?1.0']", "1.0", True),
    ("tags: ['v*', '!v*-rc*']", "v1.0-rc1", False),
    ("tags: ['v*', '!v*-rc*', 'v1.0-rc9']", "v1.0-rc9", True),
    ("tags: ['!v1*']", "v2", False),
    ("tags: v1.*", "v1.0", True),
    ("tags: v1.*", "v10", False),
    ("tags: ['+v']", "+v", True),
    ("tags: ['v\\*']", "v*", True),
    ("tags: ['v\\*']", "v1", False),
    ("tags: ['v[a']", "v[a", True),
    ("tags-ignore: [latest]", "v1.0", True),
    ("tags-ignore: [latest]", "latest", False),
    ("tags-ignore: ['v*', nightly]", "v1.0", False),
    ("branches: [main]", "v1.0", False),
    ("branches-ignore: [docs]", "v1.0", False),
    ("branches: [main]\n    tags: ['v*']", "v1.0", True),
    ("paths: ['src/**']", "v1.0", True),
]


@pytest.mark.parametrize(("lines", "tag", "runs"), FILTERS)
def test_filters_of_tags_are_read_as_github_does(
    lines: str, tag: str, runs: bool
) -> None:
    assert workflow(f"on:\n  push:\n    {lines}\n").runs_on(tag) == runs


@pytest.mark.parametrize(
    ("events", "runs"),
    [
        ("release", True),
        ("create", True),
        ("[push, pull_request]", True),
        ("schedule", False),
    ],
)
def test_events_that_come_with_a_tag_start_a_workflow(
    events: str, runs: bool
) -> None:
    assert workflow(f"on: {events}\n").runs_on("v1.0") == runs
