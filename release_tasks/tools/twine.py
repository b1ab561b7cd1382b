"""twine: checks files as PyPI would, and uploads them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context

from release_tasks import endpoints, terminal
from release_tasks.errors import ReleaseError
from release_tasks.shell import Failed, ask, do
from release_tasks.tools import outages
from release_tasks.tools.python import module

TWINE = (*module("twine"), "--no-color")
WHOLE_LINES = {"COLUMNS": "500"}  # else rich breaks PyPI's reasons into pieces
TWINE_PASSWORD = "TWINE_PASSWORD"
TRUSTED_PUBLISHING = (
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
)

ATTESTATION = ".publish.attestation"  # as pypi-attestations calls it (PEP 740)
# with which a job of GitLab proves to PyPI who it is, once
GITLAB_IDENTITY = "PYPI_ID_TOKEN"

# When the connection of an upload breaks, twine sends it again without its body and waits
# forever. Only what was never connected can be tried again.
BROKEN = r"connection broken by '(?!NewConnection|ConnectTimeout|NameResolution|Proxy)"
# what twine says in a job of GitHub Actions that has no right to an identity token
NOT_ALLOWED = r"insufficient OIDC token permissions"
# what PyPI answers to a token of an account without rights, and to one of another project
NOT_A_MEMBER = r"isn't allowed to upload to project"
OTHER_PROJECT = r"token is not valid for project"
TOKENS = f"{endpoints.PYPI}/manage/account/token/"
# and in one of GitLab
NOT_GIVEN = r"Environment variable PYPI_ID_TOKEN not found"
DELETED = (
    r"This filename was previously used by a file that has since been deleted"
)


def check(paths: Sequence[Path]) -> None:
    """Raise `ReleaseError`, with twine's reason, for a file whose readme PyPI would not render."""
    try:
        ask([*TWINE, "check", *paths], env=WHOLE_LINES)
    except Failed as error:
        names = [
            path.name
            for path in paths
            if f"{path.name}: FAILED" in error.output
        ]
        fact = f"twine check: {', '.join(names) or paths[0].name}: {_reasons(error.output)}"
        raise ReleaseError(
            fact,
            "correct the file that `readme` in pyproject.toml names, "
            "or its content type",
        ) from error


def upload(c: Context, paths: Sequence[Path], token: str) -> None:
    """Upload files to PyPI; raise `Failed` with what PyPI answered.

    `token` is the name of the variable with the package's own token. Wheels go before the sdist:
    pip would compile the sdist where it sees nothing else. Attestations beside the files go with
    them where the job proves who it is: PyPI takes none with a token (docs.pypi.org/attestations).
    """
    env, secrets = _credential(token)
    ordered = sorted(paths, key=lambda path: (path.suffix != ".whl", path.name))
    options = ["--non-interactive", "--disable-progress-bar"]
    if attested := _attestations(ordered, token):
        options.append("--attestations")
        ordered += attested
    do(
        c,
        [*TWINE, "upload", *options, *ordered],
        env=WHOLE_LINES | env,
        secrets=secrets,
        stop_at=BROKEN,
    )


def has_credential(token: str) -> bool:
    """Tell whether an upload can log in: by a token, Trusted Publishing or ~/.pypirc."""
    names = (token, TWINE_PASSWORD, TRUSTED_PUBLISHING[1], GITLAB_IDENTITY)
    return (
        any(os.environ.get(name) for name in names)
        or (Path.home() / ".pypirc").is_file()
    )


def credential(token: str) -> str:
    """Return in words how an upload logs in; never a value."""
    for name in (token, TWINE_PASSWORD):
        if os.environ.get(name):
            return f"the token in {name}"
    if _proves_itself(token):
        return "Trusted Publishing (OIDC)"
    return "the login in ~/.pypirc"


def identity_counts_once(token: str) -> bool:
    """Tell whether one upload is all that an identity is for: GitLab gives a job one of it."""
    has_own = os.environ.get(token) or os.environ.get(TWINE_PASSWORD)
    return bool(os.environ.get(GITLAB_IDENTITY)) and not has_own


def was_cut(output: str) -> bool:
    """Tell whether the connection of an upload broke: PyPI may have the file or not."""
    return re.search(BROKEN, output) is not None


def is_taken(output: str) -> bool:
    """Tell whether PyPI answered that it has a file of that name with other bytes."""
    return "File already exists" in output


def refused_job(output: str) -> str:
    """Return why PyPI gave a job no token, "" where it was not asked for one or gave it."""
    # rich pads each line
    found = re.findall(r"^\s*\* `[\w-]+`: (\S.*?)\s*$", output, re.M)
    return "; ".join(found)


def explained(error: Failed, token: str) -> ReleaseError:
    """Return a failed upload as an error, with a fix where PyPI's answer is a known one."""
    if deleted := re.search(DELETED, error.output):
        fix = "choose the next version: PyPI never accepts a file name twice"
        return ReleaseError(f"PyPI: {deleted[0]}", fix)
    if re.search(r"\b403\b", error.output):
        return ReleaseError(error.problem, _fix_of_refusal(error.output, token))
    if re.search(NOT_ALLOWED, error.output):
        return ReleaseError(
            "this job may not prove to PyPI who it is, and has no token",
            f"give the job `permissions: id-token: write`, or set {token}",
        )
    if re.search(NOT_GIVEN, error.output):
        return ReleaseError(
            "this job may not prove to PyPI who it is, and has no token",
            f"give the job `id_tokens: {{{GITLAB_IDENTITY}: {{aud: pypi}}}}`, or set {token}",
        )
    host = endpoints.host(endpoints.PYPI_UPLOAD)
    return outages.explain(error.output, host) or error


def _fix_of_refusal(output: str, token: str) -> str:
    """Return what to do about a 403: PyPI's words tell a token from an account and a name."""
    if re.search(NOT_A_MEMBER, output):
        return (
            "let an owner of that project add this account as a collaborator, use a token of an "
            "account that is one, or rename the package: somebody else may have the name"
        )
    if re.search(OTHER_PROJECT, output):
        return (
            f"make a token for this project, for its first upload one for the whole account: "
            f"{TOKENS}"
        )
    return (
        f"check the token in {token} or {TWINE_PASSWORD}: it is wrong, expired or revoked; "
        f"make another one: {TOKENS}"
    )


def _reasons(output: str) -> str:
    """Return what twine's errors and warnings say, else the end of its output."""
    found = re.findall(r"^(?:ERROR|WARNING)[ \t]+(\S.*)", output, re.M)
    reasons = [" ".join(reason.split()) for reason in found]
    return "; ".join(dict.fromkeys(reasons)) or " ".join(output.split())[-300:]


def _attestations(paths: Sequence[Path], token: str) -> list[Path]:
    """Return the attestation of each file, none where one is missing or a token logs in."""
    found = [path.with_name(path.name + ATTESTATION) for path in paths]
    missing = [path.name for path in found if not path.is_file()]
    if len(missing) == len(found):
        return []
    if not _proves_itself(token):
        terminal.say(
            "uploading without attestations: PyPI takes none with a token"
        )
        return []
    if missing:
        terminal.say(f"uploading without attestations: {missing[0]} is missing")
        return []
    return found


def _proves_itself(token: str) -> bool:
    """Tell whether an upload logs in as the job that it is of."""
    if os.environ.get(token) or os.environ.get(TWINE_PASSWORD):
        return False
    is_on_github = all(os.environ.get(name) for name in TRUSTED_PUBLISHING)
    return is_on_github or bool(os.environ.get(GITLAB_IDENTITY))


def _credential(token: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return twine's variables for an upload, and the names of the secrets it may see."""
    if value := os.environ.get(token):
        return {"TWINE_USERNAME": "__token__", TWINE_PASSWORD: value}, ()
    if os.environ.get(TWINE_PASSWORD):
        user = os.environ.get("TWINE_USERNAME") or "__token__"
        return {"TWINE_USERNAME": user}, (TWINE_PASSWORD,)
    return {}, (*TRUSTED_PUBLISHING, GITLAB_IDENTITY)
