"""A job of GitHub Actions publishes crates without a secret that lasts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invoke.context import Context
from support import crate_projects as projects
from support.python_projects import tag
from support.repositories import commit_all
from support.sample_projects import inv

from release_tasks.channels import crates_io, job_token
from release_tasks.errors import ReleaseError
from release_tasks.rehearsal.identity import Publisher
from release_tasks.rehearsal.registries import LocalRegistries
from release_tasks.steps.package_crates import package_crates
from release_tasks.steps.publish_crates import publish_crates
from release_tasks.tools.cargo import publish as cargo_publish

pytestmark = pytest.mark.tools("cargo", "git")
REPOSITORY = "example/shop"


def become_job(
    registries: LocalRegistries,
    monkeypatch: pytest.MonkeyPatch,
    environment: str = "",
) -> None:
    """Let this process be a job that has no token for crates.io."""
    monkeypatch.delenv("CARGO_REGISTRY_TOKEN")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    job = registries.job(REPOSITORY, environment=environment)
    for name, value in job.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def job(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LocalRegistries:
    """Let version 0.1.0 be published, 0.2.0 be packed, and this process be a job."""
    root = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
    tag(root, "v0.1.0")
    monkeypatch.chdir(root)
    package_crates(Context())
    publish_crates(Context(), new="all")
    projects.edit(root, "shop-zero", "0.1.0", "0.2.0")
    projects.cargo(root, "update", "--workspace", "--offline")
    commit_all(root)
    tag(root, "v0.2.0")
    package_crates(Context(), version="0.2.0")
    become_job(registries, monkeypatch, "production")
    return registries


def lives(registries: LocalRegistries, name: str) -> list[int]:
    """Return the statuses of the requests to make (POST) or end (DELETE) a token."""
    return [
        entry.status
        for entry in registries.log.entries()
        if entry.method == name and "trusted_publishing" in entry.target
    ]


def test_a_job_gets_a_token_publishes_and_gives_it_back(
    job: LocalRegistries, capfd: pytest.CaptureFixture[str]
) -> None:
    publish_crates(Context(), version="0.2.0")
    assert projects.uploads(job) == ["shop-zero", "shop-zero"]
    assert (lives(job, "POST"), lives(job, "DELETE")) == ([200], [204])
    out, err = capfd.readouterr()
    token = out.removeprefix("::add-mask::").strip()
    assert token.startswith("cio_tp_")
    assert token not in err
    assert not job.crates.trusted.is_valid(token)
    assert not crates_io.has_token()


def test_the_token_is_given_back_after_a_failure(
    job: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.crates.owned_by_others.add("shop_zero")
    with pytest.raises(ReleaseError):
        publish_crates(Context(), version="0.2.0")
    assert (lives(job, "POST"), lives(job, "DELETE")) == ([200], [204])


def test_an_old_token_is_renewed_when_an_upload_fails(
    job: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cargo_publish.publish
    monkeypatch.setattr(job_token, "RENEW_AFTER", 0)

    def late(*words, **named):
        monkeypatch.setattr(cargo_publish, "publish", real)
        job.clock.skip(1801)
        real(*words, **named)

    monkeypatch.setattr(cargo_publish, "publish", late)
    publish_crates(Context(), version="0.2.0")
    assert projects.uploads(job) == ["shop-zero", "shop-zero"]
    assert (lives(job, "POST"), lives(job, "DELETE")) == ([200] * 2, [204] * 2)


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("publisher", "reason"),
    [
        (
            Publisher("another/shop", "release.yml"),
            "No Trusted Publishing config found for repository `example/shop`",
        ),
        (
            Publisher(REPOSITORY, "publish.yml"),
            "does not match the workflow filename `release.yml`",
        ),
        (
            Publisher(REPOSITORY, "release.yml", "staging"),
            "does not match the environment `production`",
        ),
    ],
)
def test_a_refused_job_is_told_what_differs_and_what_an_owner_enters(
    job: LocalRegistries, publisher: Publisher, reason: str
) -> None:
    job.crates.trusted.publishers = (publisher,)
    with pytest.raises(ReleaseError) as raised:
        publish_crates(Context(), version="0.2.0")
    assert reason in raised.value.problem
    assert raised.value.fix.endswith(
        "repository example/shop, workflow release.yml, environment production"
    )
    job.crates.trusted.publishers = (
        Publisher(REPOSITORY, "release.yml", "production"),
    )
    publish_crates(Context(), version="0.2.0")
    assert projects.uploads(job) == ["shop-zero", "shop-zero"]


def test_a_crate_that_is_new_needs_a_token_of_a_person(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
    tag(root, "v0.1.0")
    become_job(registries, monkeypatch)
    [error] = crates_io.credentials(projects.release(root))
    assert error.problem == (
        "crates.io does not let a job create a crate: shop-zero would be new"
    )
    assert error.fix.startswith(
        "set CARGO_REGISTRY_TOKEN for the first version"
    )


def test_a_token_of_a_person_is_used_where_there_is_one(
    job: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_REGISTRY_TOKEN", job.tokens.crates)
    publish_crates(Context(), version="0.2.0")
    assert projects.uploads(job) == ["shop-zero", "shop-zero"]
    assert lives(job, "POST") == []


def test_a_job_that_may_not_prove_who_it_is_has_no_token(
    job: LocalRegistries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    with pytest.raises(ReleaseError, match="no token found") as raised:
        publish_crates(Context(), version="0.2.0")
    assert "`permissions: id-token: write`" in raised.value.fix


def test_an_identity_counts_once_and_for_one_audience(
    job: LocalRegistries,
) -> None:
    from release_tasks.rehearsal.identity import NotValid

    issuer = job.issuer
    proof = issuer.sign({"repository": REPOSITORY}, "crates.io")
    with pytest.raises(NotValid):
        issuer.claims(proof, "pypi")
    assert issuer.claims(proof, "crates.io")["repository"] == REPOSITORY
    with pytest.raises(NotValid, match="already been used"):
        issuer.claims(proof, "crates.io")
    head, _, signature = proof.split(".")
    forged = issuer.sign({"repository": "other/shop"}, "crates.io").split(".")[
        1
    ]
    with pytest.raises(NotValid, match="signature"):
        issuer.claims(f"{head}.{forged}.{signature}", "crates.io")
    assert json.loads(json.dumps(job_token.claims(proof)))["aud"] == "crates.io"


def test_a_check_for_trusted_jobs_finds_what_no_job_can_create(
    registries: LocalRegistries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = projects.workspace(tmp_path / "shop", {"shop-zero": ""})
    monkeypatch.chdir(root)
    monkeypatch.delenv("CARGO_REGISTRY_TOKEN")
    (root / "tasks.py").write_text("from release_tasks import ns\n")
    commit_all(root)
    words = ("check", "--fast", "--new", "all")
    found = inv(root, *words, "--trusted-publishing").stderr
    assert "crates.io does not let a job create a crate: shop-zero" in found
    assert "there is no token" not in found
    other = inv(root, *words, "--no-credentials")
    assert "does not let a job create" not in other.stderr
