"""The images that workflows push are read from them: names, flavors, and what they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.repositories import commit_files, git

from release_tasks.project.discovery import discover
from release_tasks.project.model import Unresolved
from release_tasks.project.workflow_images import declared

pytestmark = pytest.mark.tools("git")
ON = "on:\n  push:\n    tags: ['v*']\n"
ENV = "env:\n  REGISTRY: quay.io\n  IMAGE_NAME: ${{ github.repository }}\n"
META = (
    "      - uses: docker/metadata-action@v5\n        id: meta\n        with:\n"
    "          images: {}\n"
)
PUSH = (
    "      - uses: docker/build-push-action@v6\n        with:\n          push: {}\n"
    "          tags: {}\n"
)
BY_META = PUSH.format("true", "${{ steps.meta.outputs.tags }}")


def job(steps: str, more: str = "") -> str:
    return f"jobs:\n  images:\n    runs-on: ubuntu-latest\n{more}    steps:\n{steps}"


def run(*lines: str) -> str:
    body = "".join(f"          {line}\n" for line in lines)
    return f"      - run: |\n{body}"


FLAVORS = (
    "    strategy:\n      matrix:\n        include:\n"
    "          - {file: Dockerfile, suffix: ''}\n"
    "          - {file: docker/alpine.Dockerfile, suffix: -alpine}\n"
)
FLAVORED = (
    META.format("docker.io/acme/tool")
    + "          flavor: suffix=${{ matrix.suffix }}\n"
    + BY_META
    + "          file: ${{ matrix.file }}\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            ENV
            + job(
                META.format("${{ env.REGISTRY }}/${{ env.IMAGE_NAME }}")
                + BY_META
            ),
            ["quay.io/acme/tool Dockerfile"],
        ),
        (
            job(
                META.format(
                    "|\n            acme/tool\n            ghcr.io/acme/tool"
                )
                + BY_META
            ),
            ["docker.io/acme/tool Dockerfile", "ghcr.io/acme/tool Dockerfile"],
        ),
        (
            job(META.format("name=acme/tool,enable=true") + BY_META),
            ["docker.io/acme/tool Dockerfile"],
        ),
        (
            job(
                PUSH.format(
                    "true", "acme/a:${{ github.ref_name }},acme/a:latest"
                )
            ),
            ["docker.io/acme/a Dockerfile"],
        ),
        (
            job(
                PUSH.format("true", "acme/a:${{ github.ref_name }}-slim")
                + "          context: a\n"
            ),
            ["docker.io/acme/a:slim a/Dockerfile"],
        ),
        (job(PUSH.format("false", "acme/a:1")), []),
        (job(PUSH.format("true", "localhost:5000/acme/a:1")), []),
        (
            job(PUSH.format("true", "${{ secrets.HUB_USER }}/tool:latest")),
            ["docker.io/OWNER/tool Dockerfile"],
        ),
        (
            job(
                PUSH.format("true", "ghcr.io/${{ steps.lower.outputs.repo }}:1")
            ),
            [],
        ),
        (
            job(FLAVORED, FLAVORS),
            [
                "docker.io/acme/tool Dockerfile",
                "docker.io/acme/tool:alpine docker/alpine.Dockerfile",
            ],
        ),
        (
            job(
                PUSH.format("true", "ghcr.io/acme/${{ matrix.name }}:v1")
                + "          context: services/${{ matrix.name }}\n",
                "    strategy:\n      matrix:\n        name: [api, web]\n",
            ),
            [
                "ghcr.io/acme/api services/api/Dockerfile",
                "ghcr.io/acme/web services/web/Dockerfile",
            ],
        ),
        (
            job(
                run(
                    "podman build -f Containerfile -t tool .",
                    "podman push tool quay.io/acme/tool:1",
                )
            ),
            ["quay.io/acme/tool Containerfile"],
        ),
        (
            job(
                run(
                    'IMAGE="registry.gitlab.com/acme/tool"',
                    'docker build --pull -t "$IMAGE:$VERSION" \\',
                    "  --target final docker",
                    "docker push ${IMAGE}:$VERSION",
                )
            ),
            ["registry.gitlab.com/acme/tool docker/Dockerfile"],
        ),
        (
            job(
                run('echo "IMG=docker.io/acme/x" >> $GITHUB_ENV')
                + run(
                    "docker buildx build --push --platform linux/amd64,linux/arm64 -t $IMG:1 ."
                )
            ),
            ["docker.io/acme/x Dockerfile linux/amd64 linux/arm64"],
        ),
        (
            job(
                run(
                    "docker build -t a .",
                    "docker tag a acme/a:1",
                    "docker push acme/a:1",
                )
            ),
            ["docker.io/acme/a Dockerfile"],
        ),
        (
            job(run("skopeo copy oci:out docker://quay.io/acme/tool:1")),
            ["quay.io/acme/tool "],
        ),
        (job(run("docker build -t acme/a .", "echo docker push acme/a")), []),
        (
            job(run("docker buildx bake --push release")),
            [
                "docker.io/acme/tool Dockerfile",
                "docker.io/acme/tool:debug debug/Dockerfile",
            ],
        ),
        (
            job(
                "      - uses: redhat-actions/push-to-registry@v2\n        with:\n"
                "          image: tool\n          registry: quay.io/acme\n"
            ),
            ["quay.io/acme/tool "],
        ),
        ("jobs: [broken]\n" + "# docker push\n", []),
    ],
)
def test_what_workflows_push(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "cd.yml").write_text(ON + text)
    (tmp_path / "docker-bake.hcl").write_text(
        'variable "REPO" { default = "acme/tool" }\nvariable "TAG" {\n  default = "dev"\n}\n'
        'group "release" {\n  targets = ["plain", "debug"]\n}\n'
        'target "base" {\n  dockerfile = "Dockerfile"\n}\n'
        'target "plain" {\n  inherits = ["base"]\n'
        '  tags = ["${REPO}:${TAG}", "${REPO}:latest"]\n}\n'
        'target "debug" {\n  inherits = ["base"]\n  context = "debug"\n'
        '  tags = [\n    "${REPO}:latest-debug",\n  ]\n}\n'
    )
    found = []
    for image in declared(tmp_path, "acme/tool"):
        words = [image.key, image.built.dockerfile, *image.built.platforms]
        found.append(" ".join(words))
    assert found == expected


def test_workflows_of_branches_count_where_no_other_pushes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    branch = "on:\n  push:\n    branches: [main]\n"
    (folder / "a.yml").write_text(
        branch + job(PUSH.format("true", "acme/nightly:1"))
    )
    assert [image.key for image in declared(tmp_path, "acme/tool")] == [
        "docker.io/acme/nightly"
    ]
    (folder / "b.yml").write_text(ON + job(PUSH.format("true", "acme/tool:1")))
    (folder / "c.yml").write_text(
        "on: pull_request\n" + job(PUSH.format("true", "acme/pr:1"))
    )
    assert [image.key for image in declared(tmp_path, "acme/tool")] == [
        "docker.io/acme/tool"
    ]


def questions(root: Path, files: dict[str, str]) -> tuple[list[str], str]:
    """Return the images that are found, and the question or what is left out."""
    commit_files(root, {"pyproject.toml": MANIFEST, **files})
    git(root, "remote", "add", "origin", "https://github.com/acme/tool.git")
    project = discover(root)
    found = project.components[0].images
    if isinstance(found, Unresolved):
        return [], str(found.message)
    return [image.reference for image in found], "\n".join(project.left_out)


MANIFEST = (
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    '[project]\nname = "tool"\nversion = "0.1.0"\n'
)
FILE = ".github/workflows/cd.yml"
FROM = "FROM scratch\nCOPY pyproject.toml /\n"


def test_the_only_image_that_workflows_push_is_found(tmp_path: Path) -> None:
    steps = (
        PUSH.format("true", "quay.io/acme/tool:1")
        + "          file: images/Dockerfile.cli\n"
    )
    found = questions(
        tmp_path, {FILE: ON + job(steps), "images/Dockerfile.cli": FROM}
    )
    assert found == (["quay.io/acme/tool"], "")


def test_images_beside_the_one_of_the_repository_are_left_out(
    tmp_path: Path,
) -> None:
    steps = PUSH.format("true", "acme/tool:1,ghcr.io/acme/tool:1")
    found = questions(tmp_path, {FILE: ON + job(steps), "Dockerfile": FROM})
    assert found == (
        ["ghcr.io/acme/tool"],
        f"docker.io/acme/tool (images: {FILE} pushes it, and no [images] table names it)",
    )


def test_several_images_of_workflows_are_a_question_that_can_be_answered(
    tmp_path: Path,
) -> None:
    files = {
        FILE: ON + job(FLAVORED, FLAVORS),
        "Dockerfile": FROM,
        "docker/alpine.Dockerfile": FROM,
        "web/Dockerfile": FROM,
    }
    _, question = questions(tmp_path, files)
    lines = question.partition("release-tasks.toml:\n")[2]
    assert lines.replace("\n  ", "\n").strip() == (
        f'# from {FILE}\n[images."docker.io/acme/tool"]\ndockerfile = "Dockerfile"\n'
        '[images."docker.io/acme/tool:alpine"]\ndockerfile = "docker/alpine.Dockerfile"\n'
        '[images."ghcr.io/acme/tool-web"]\ndockerfile = "web/Dockerfile"'
    )


def test_a_name_that_is_not_known_is_a_question(tmp_path: Path) -> None:
    steps = PUSH.format("true", "${{ secrets.HUB_USER }}/tool:latest")
    found, question = questions(
        tmp_path, {FILE: ON + job(steps), "Dockerfile": FROM}
    )
    assert found == []
    assert '[images."docker.io/OWNER/tool"]' in question
