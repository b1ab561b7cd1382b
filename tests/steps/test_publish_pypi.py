"""Files are uploaded wheels first, all of a package or none, and an interrupted upload resumes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from invoke.context import Context
from support import python_projects as projects
from support.contexts import context
from support.local_registries import local_registries
from support.python_projects import HOST, WHEEL_OF_A_PROGRAM
from support.repositories import commit_all, commit_files
from support.tiny_project import TWO

from release_tasks import dist
from release_tasks.channels import pypi
from release_tasks.errors import ReleaseError
from release_tasks.project.artifacts import State
from release_tasks.project.kinds import FileKind
from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.identity import Publisher
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.rehearsal.server import Servers
from release_tasks.rehearsal.web import Request, Response
from release_tasks.shell import Failed
from release_tasks.steps.build_wheels import build_wheels
from release_tasks.steps.publish_pypi import publish_pypi
from release_tasks.tools import rustc, twine

pytestmark = [
    pytest.mark.tools("cargo", "git"),
    pytest.mark.skipif(
        shutil.which("rustc") is None or rustc.host(Path.cwd()) != HOST,
        reason=f"this machine is no {HOST}",
    ),
]
SDIST = "tiny_tool-0.2.0.tar.gz"
UPLOAD = ("POST", "/legacy/")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that was built once, for every test to copy."""
    folder = tmp_path_factory.mktemp("example")
    root = commit_files(folder / "tool", WHEEL_OF_A_PROGRAM)
    projects.tag(root)
    with pytest.MonkeyPatch.context() as patch, local_registries(folder, patch):
        patch.chdir(root)
        build_wheels(Context())
    shutil.rmtree(root / "target")
    return root


@pytest.fixture
def tool(
    example: Path,
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    root = tmp_path / "tool"
    shutil.copytree(example, root)
    monkeypatch.chdir(root)
    return root


def wheel(root: Path) -> str:
    return next(projects.dist_folder(root).glob("*.whl")).name


def published(registries: LocalRegistries) -> list[str]:
    """Return what PyPI has, in the order in which it came."""
    return list(registries.pypi.store.uploads)


def tried(registries: LocalRegistries) -> int:
    return sum(
        (entry.method, entry.target) == UPLOAD
        for entry in registries.log.entries()
    )


def test_wheels_are_uploaded_before_the_sdist_and_pip_finds_them(
    tool: Path, registries: LocalRegistries, tmp_path: Path
) -> None:
    publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]
    there = tmp_path / "there"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--target",
            there,
            "tiny-tool==0.2.0",
        ],
        check=True,
    )
    assert (
        subprocess.check_output([there / "bin" / "tiny"])
        == b"hello src/main.rs\n"
    )
    agents = {entry.agent.split("/")[0] for entry in registries.log.writes()}
    assert agents == {"twine"}


def test_publishing_again_uploads_nothing(
    tool: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    publish_pypi(Context(), new="all")
    capfd.readouterr()
    publish_pypi(Context())
    assert (
        "nothing to do, every file is already published"
        in capfd.readouterr().err
    )
    assert tried(registries) == 2


def test_a_new_name_has_to_be_confirmed(
    tool: Path, registries: LocalRegistries
) -> None:
    with pytest.raises(
        ReleaseError, match="`tiny-tool` has never been published to PyPI"
    ):
        publish_pypi(Context())
    assert tried(registries) == 0


def test_only_missing_files_are_uploaded(
    tool: Path, registries: LocalRegistries
) -> None:
    twine.upload(
        Context(), [projects.dist_folder(tool) / wheel(tool)], "NO_SUCH_TOKEN"
    )
    publish_pypi(Context())
    assert published(registries) == [wheel(tool), SDIST]
    assert tried(registries) == 2


@pytest.mark.statement("B1.28")
def test_a_package_with_a_missing_file_is_not_uploaded(
    tool: Path, registries: LocalRegistries
) -> None:
    (projects.dist_folder(tool) / SDIST).unlink()
    with pytest.raises(
        ReleaseError,
        match=rf"not in dist/: {SDIST}; nothing of tiny-tool 0\.2\.0 was uploaded",
    ) as stopped:
        publish_pypi(Context(), new="all")
    assert stopped.value.fix.startswith("inv build-wheels")
    assert tried(registries) == 0
    build_wheels(Context())
    publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]


@pytest.mark.statement("B1.28")
def test_a_missing_wheel_of_another_machine_stops_the_upload(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glibc = str(os.confstr("CS_GNU_LIBC_VERSION")).split()[-1].replace(".", "_")
    # what this machine can promise without another linker
    tag = f"manylinux_{glibc}_{HOST.partition('-')[0]}"
    settings = f'[python.tiny-tool]\nwheels = ["{tag}", "macosx_11_0_arm64"]\n'
    root = commit_files(
        tmp_path / "two", WHEEL_OF_A_PROGRAM | {"release-tasks.toml": settings}
    )
    projects.tag(root)
    monkeypatch.chdir(root)
    build_wheels(Context(), target=HOST)
    with pytest.raises(
        ReleaseError,
        match=r"not in dist/: tiny_tool-0\.2\.0-\*macosx_11_0_arm64\.whl",
    ):
        publish_pypi(Context(), new="all")
    assert tried(registries) == 0


def test_other_bytes_under_the_same_name_stop_the_release(
    tool: Path, registries: LocalRegistries
) -> None:
    twine.upload(
        Context(), [projects.dist_folder(tool) / SDIST], "NO_SUCH_TOKEN"
    )
    release = projects.release(tool)
    part = release.parts[0]
    path = part.dist / SDIST
    path.write_bytes(path.read_bytes() + b"\0" * 512)
    row = dist.describe(release, part, "sdist", path, package="tiny-tool")
    dist.record(part, "build_wheels", [row], target="tiny-tool-sdist")
    with pytest.raises(
        ReleaseError, match=f"{SDIST} on PyPI differs"
    ) as stopped:
        publish_pypi(Context())
    assert stopped.value.fix == "choose a version after 0.2.0"
    assert published(registries) == [SDIST]


def test_an_upload_whose_answer_was_lost_counts_as_done(
    tool: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(Fault(*UPLOAD, lose=True))
    publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]
    assert tried(registries) == 2


def test_a_broken_connection_is_tried_again(
    tool: Path, registries: LocalRegistries
) -> None:
    registries.faults.add(Fault(*UPLOAD, cut=True))
    publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]


def test_repeated_broken_connections_stop_and_the_next_run_resumes(
    tool: Path, registries: LocalRegistries
) -> None:
    always = Fault(*UPLOAD, cut=True, times=1000)
    registries.faults.add(always)
    with pytest.raises(ReleaseError, match="connection broken"):
        publish_pypi(Context(), new="all")
    assert published(registries) == []
    always.times = 0
    publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]


def test_a_different_file_from_another_machine_stops_the_upload(
    tool: Path, registries: LocalRegistries, tmp_path: Path
) -> None:
    release = projects.release(tool)
    artifacts = pypi.expected(release)
    other = tmp_path / "other" / wheel(tool)
    other.parent.mkdir()
    other.write_bytes(projects.wheel("tiny-tool"))
    twine.upload(Context(), [other], "NO_SUCH_TOKEN")
    pypi.publish(Context(), release, artifacts)
    assert [seen.state for seen in pypi.state(release, artifacts)] == [
        State.DIFFERENT,
        State.MISSING,
    ]
    assert published(registries) == [wheel(tool)]


def test_the_name_of_a_deleted_file_can_never_be_used_again(
    tool: Path, registries: LocalRegistries
) -> None:
    publish_pypi(Context(), new="all")
    registries.pypi.delete_file(SDIST)
    with pytest.raises(
        ReleaseError,
        match="previously used by a file that has since been deleted",
    ) as stopped:
        publish_pypi(Context())
    assert stopped.value.fix.startswith("choose the next version")


def test_a_refused_token_is_named_and_never_shown(
    tool: Path,
    registries: LocalRegistries,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PYPI_API_TOKEN", "pypi-somebody-elses")
    with pytest.raises(ReleaseError, match="403") as stopped:
        publish_pypi(Context(), new="all")
    assert "check the token in PYPI_API_TOKEN" in stopped.value.fix
    assert "pypi-somebody-elses" not in str(stopped.value.message) + "".join(
        capfd.readouterr()
    )


@pytest.mark.statement("B1.29", "B2.29")
@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (
            "Invalid or non-existent authentication information.",
            "check the token in OUR_TOKEN or TWINE_PASSWORD: it is wrong, expired",
        ),
        (
            "The user 'jane' isn't allowed to upload to project 'tiny-tool'.",
            "let an owner of that project add this account",
        ),
        (
            "Invalid API Token: project-scoped token is not valid for project: 'tiny-tool'",
            "make a token for this project, for its first upload one for the whole account",
        ),
    ],
)
def test_each_403_of_pypi_has_its_own_fix(answer: str, fix: str) -> None:
    output = f"ERROR    HTTPError: 403 Forbidden from PyPI\n         {answer}\n"
    error = twine.explained(Failed(["twine"], 1, output), "OUR_TOKEN")
    assert error.fix.startswith(fix)


@pytest.mark.statement("B1.29", "B2.29")
def test_a_name_of_somebody_else_is_told_from_a_wrong_token(
    tool: Path, registries: LocalRegistries
) -> None:
    registries.pypi.owned_by_others.add("tiny-tool")
    with pytest.raises(ReleaseError, match="isn't allowed to") as stopped:
        publish_pypi(Context(), new="all")
    assert "add this account as a collaborator" in stopped.value.fix
    assert published(registries) == []


@pytest.mark.statement("B1.2", "B5.29")
def test_the_token_named_in_the_settings_is_used(
    registries: LocalRegistries,
    example: Path,
    tool: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = '[python.tiny-tool]\ntoken = "SPARE_TOKEN_OF_THE_HOUSE"\n'
    root = commit_files(
        tmp_path / "other",
        WHEEL_OF_A_PROGRAM | {"release-tasks.toml": settings},
    )
    projects.tag(root)
    monkeypatch.chdir(root)
    monkeypatch.delenv("TWINE_PASSWORD")
    monkeypatch.setenv("SPARE_TOKEN_OF_THE_HOUSE", registries.tokens.pypi)
    build_wheels(Context())
    publish_pypi(Context(), new="all")
    assert len(published(registries)) == 2
    said = "".join(capfd.readouterr())
    assert registries.tokens.pypi not in said
    way = "the token in SPARE_TOKEN_OF_THE_HOUSE"
    assert f"uploading to PyPI with {way}\n" in said


class Issuer:
    """Gives a JWT as GitHub Actions does, to those who ask with the job's own token."""

    name, hosts = "issuer", ()

    def __init__(self) -> None:
        self.asked: list[str] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request.headers["authorization"])
        claims = base64.urlsafe_b64encode(
            json.dumps({"aud": request.query["audience"]}).encode()
        )
        return Response.of_json(
            {"value": f"e30.{claims.decode().rstrip('=')}.c2ln"}
        )


@pytest.mark.statement("B5.29")
def test_trusted_publishing_needs_no_token(
    tool: Path,
    registries: LocalRegistries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TWINE_PASSWORD")
    monkeypatch.delenv("TWINE_USERNAME")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ask-with-this")
    issuer = Issuer()
    with Servers([issuer], tmp_path) as servers:
        monkeypatch.setenv(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            f"{servers.urls['issuer']}/token?x=1",
        )
        publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]
    assert issuer.asked == ["bearer ask-with-this"]
    way = "Trusted Publishing (OIDC)"
    assert f"uploading to PyPI with {way}\n" in capfd.readouterr().err


@pytest.mark.parametrize("how", ["job", "token", "half"])
def test_attestations_beside_the_files_go_with_them_from_a_job_that_proves_itself(
    tool: Path,
    registries: LocalRegistries,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: str,
) -> None:
    """Sigstore cannot be had here: PyPI keeps what twine sends."""
    folder = projects.dist_folder(tool)
    names = [wheel(tool), SDIST]
    for name in names[: 1 if how == "half" else 2]:
        file = folder / f"{name}.publish.attestation"
        file.write_text(json.dumps({"version": 1, "of": name}))
    if how != "token":
        monkeypatch.delenv("TWINE_PASSWORD")
        monkeypatch.delenv("TWINE_USERNAME")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        for name, value in registries.job("example/tool").items():
            monkeypatch.setenv(name, value)
    publish_pypi(Context(), new="all")
    assert sorted(published(registries)) == sorted(names)
    sent = {
        name: registries.pypi.store.uploads[name].form.get("attestations")
        for name in names
    }
    said = capsys.readouterr().err
    if how == "job":
        assert {
            name: json.loads(text or "") for name, text in sent.items()
        } == {name: [{"version": 1, "of": name}] for name in names}
        return
    assert not any(sent.values())
    why = {
        "token": "PyPI takes none with a token",
        "half": f"{SDIST}.publish.attestation is missing",
    }
    assert f"uploading without attestations: {why[how]}" in said


@pytest.mark.statement("B5.30")
def test_a_job_that_nobody_trusts_is_told_what_an_owner_enters(
    tool: Path, registries: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWINE_PASSWORD")
    monkeypatch.delenv("TWINE_USERNAME")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    job = registries.job("example/tool", environment="pypi")
    for name, value in job.items():
        monkeypatch.setenv(name, value)
    other = Publisher("example/tool", "release.yml", "production")
    registries.pypi.publishers = (other,)
    with pytest.raises(ReleaseError) as raised:
        publish_pypi(Context(), new="all")
    assert raised.value.problem == (
        "PyPI gives this job no token: valid token, but no corresponding "
        "publisher (Publisher with matching claims was not found)"
    )
    assert "manage/project/NAME/settings/publishing/" in raised.value.fix
    assert raised.value.fix.endswith(
        "repository example/tool, workflow release.yml, environment pypi"
    )
    assert published(registries) == []
    registries.pypi.publishers = (replace(other, environment="pypi"),)
    publish_pypi(Context(), new="all")
    assert published(registries) == [wheel(tool), SDIST]


def test_a_job_that_may_not_prove_who_it_is_is_told_the_permission(
    tool: Path, registries: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWINE_PASSWORD")
    monkeypatch.delenv("TWINE_USERNAME")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name in ("TOKEN", "URL"):
        monkeypatch.delenv(f"ACTIONS_ID_TOKEN_REQUEST_{name}", raising=False)
    with pytest.raises(ReleaseError) as raised:
        publish_pypi(Context(), new="all")
    assert raised.value.problem == (
        "this job may not prove to PyPI who it is, and has no token"
    )
    assert raised.value.fix == (
        "give the job `permissions: id-token: write`, or set PYPI_API_TOKEN"
    )
    assert published(registries) == []


def test_a_job_of_gitlab_proves_once_who_it_is_for_all_packages(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyPI takes an identity token once, and GitLab gives a job one of it."""
    root = commit_files(tmp_path / "two", TWO)
    (root / "release-tasks.toml").write_text(
        "[python.tiny-other]\nsdist = false\n[python.tiny-plain]\nsdist = false\n"
    )
    other = root / "other" / "pyproject.toml"
    other.write_text(other.read_text().replace("0.4.0", "0.1.0"))
    commit_all(root)
    projects.tag(root, "v0.1.0")
    monkeypatch.chdir(root)
    release = projects.release(root, "0.1.0")
    [part] = release.parts
    rows = []
    for name in ("tiny-other", "tiny-plain"):
        path = part.dist / f"{name.replace('-', '_')}-0.1.0-py3-none-any.whl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(projects.wheel(name, version="0.1.0"))
        kind = FileKind.WHEEL
        rows.append(dist.describe(release, part, kind, path, package=name))
    dist.record(part, "build-wheels", rows)
    for name in ("TWINE_PASSWORD", "TWINE_USERNAME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("GITLAB_CI", "true")
    with pytest.raises(ReleaseError) as raised:
        publish_pypi(Context(), new="all")
    assert raised.value.fix == (
        "give the job `id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}`, or set PYPI_API_TOKEN"
    )
    words = ("group/example/two", ".gitlab-ci.yml", "publish-pypi", "pypi")
    registries.pypi.publishers = (Publisher("group/two", ".gitlab-ci.yml"),)
    identity = registries.issuer.gitlab_job(*words)
    monkeypatch.setenv("PYPI_ID_TOKEN", identity)
    with pytest.raises(ReleaseError) as raised:
        publish_pypi(Context(), new="all")
    assert (
        "PyPI gives this job no token: valid token, but no"
        in raised.value.problem
    )
    assert raised.value.fix.endswith(
        ": namespace group/example, project two, top-level pipeline file .gitlab-ci.yml, "
        "environment publish-pypi"
    )
    registries.pypi.publishers = (
        Publisher("group/example/two", ".gitlab-ci.yml", "publish-pypi"),
    )
    identity = registries.issuer.gitlab_job(*words)
    monkeypatch.setenv("PYPI_ID_TOKEN", identity)
    publish_pypi(Context(), new="all")
    assert sorted(published(registries)) == [
        "tiny_other-0.1.0-py3-none-any.whl",
        "tiny_plain-0.1.0-py3-none-any.whl",
    ]


def test_a_dry_run_prints_the_upload_and_sends_nothing(
    tool: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    before = projects.all_files(tool)
    publish_pypi(context(dry=True), new="all")
    said = capfd.readouterr().err
    assert (
        "-m twine --no-color upload --non-interactive --disable-progress-bar "
        f"{projects.dist_folder(tool)}" in said
    )
    assert said.index(wheel(tool)) < said.index(SDIST)
    assert registries.log.writes() == ()
    assert projects.all_files(tool) == before


def test_a_dry_run_works_before_anything_is_built(
    tool: Path, registries: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tool / "dist")
    publish_pypi(context(dry=True), new="all")
    assert "tiny_tool-0.2.0-*.whl" in capfd.readouterr().err
    assert not (tool / "dist").exists()
    assert os.environ["TWINE_PASSWORD"] == registries.tokens.pypi
