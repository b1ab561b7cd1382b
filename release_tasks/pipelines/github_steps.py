"""Single steps of a job on GitHub Actions, as maps that keep their comments in YAML.

No expression stands inside a script: values pass through `env` (docs.github.com, "Script
injections").
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Sequence
from typing import Any

from release_tasks import order
from release_tasks.order import Step
from release_tasks.pipelines import actions
from release_tasks.pipelines.actions import Action

PROGRAM = "release-tasks"
# without -P, a pip.py of the checkout would run in its place, with the rights of the job
PIP = "python -P -m pip"
VERSION = "${{ needs.plan.outputs.version }}"
TOKEN = {"GH_TOKEN": "${{ github.token }}"}
NEW = {"NEW": "${{ inputs.new }}"}
# outside of the checkout, which must stay clean
FOLDER = "${{ runner.temp }}"
BUNDLE = '"$RUNNER_TEMP/commit/release.bundle"'
BUILT = '"$RUNNER_TEMP/built"'
KEPT_VERSION = '"$RUNNER_TEMP/commit/version"'
USE_VERSION = f"if [ -f {KEPT_VERSION} ]; then WANTED=$(cat {KEPT_VERSION}); fi"
# a line of sha256sum(1) for each file and each image of an inventory
SUBJECTS = (
    '.files[] | select(.kind != "layout") | if .kind == "image" '
    'then "\\(.digest | ltrimstr("sha256:"))  \\(.name)" '
    'else "\\(.sha256)  \\(.file)" end'
)

# who has approved what an environment protects; its name is the same in other cases
REVIEWERS = (
    '[.[] | select(.state == "approved" and any(.environments[]; '
    "(.name | ascii_downcase) == (env.ENVIRONMENT | ascii_downcase))) "
    '| .user.login] | unique | join(", ")'
)


def of(step: Step, version: str = VERSION) -> Any:
    """Return what runs a step of the order for the version of this run."""
    line = f'{PROGRAM} {order.name(step)} --version "$VERSION"'
    env = {**TOKEN, "VERSION": version}
    if "new" in inspect.signature(step.body).parameters:
        line += ' --new "$NEW"'
        env |= NEW
    about = step.__doc__ or order.name(step)
    return run(about.split("\n")[0].rstrip("."), line, env)


def checkout(files: frozenset[str]) -> Any:
    """Return what checks out the repository with its history, and no credentials in it."""
    options: dict[str, Any] = {"fetch-depth": 0, "persist-credentials": False}
    if ".gitmodules" in files:
        options["submodules"] = "recursive"
    return use("Check out", actions.CHECKOUT, options)


def keep_for_later(job: str, paths: Sequence[str]) -> Any:
    """Return what keeps paths for the next run of a job on such a machine.

    What a run of a pull request keeps is for that one alone; all others can read what a run of
    the default branch keeps (docs.github.com, "Restrictions for accessing a cache").
    """
    start = f"{job}-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-"
    options = {
        "path": literal("\n".join(paths)),
        "key": f"{start}${{{{ hashFiles('**/Cargo.lock') }}}}",
        "restore-keys": start,
    }
    return use("Keep files for the next rehearsal", actions.CACHE, options)


def python_to_try() -> Any:
    """Return what sets up the Python that wheels are installed with, beside the tasks' own."""
    options = {
        "python-version": "${{ matrix.python }}",
        "update-environment": False,
    }
    made = use("Set up the Python to try", actions.PYTHON, options)
    made.insert(1, "id", "tried")
    return made


def keep_line_ends() -> Any:
    """Return what lets Windows check out the bytes that are committed, before it does."""
    return run(
        "Check out line ends as they are committed",
        "git config --global core.autocrlf false",
    )


def git_login() -> Any:
    """Return what lets git read (and write) as this job, where the repository is private."""
    return run("Let git log in as this job", "gh auth setup-git", TOKEN)


def registry_login() -> Any:
    """Return what lets docker and helm push to GHCR as this job."""
    line = (
        'docker login ghcr.io --username "$GITHUB_ACTOR" '
        '--password-stdin <<< "$GH_TOKEN"'
    )
    return run("Log in to GHCR", line, TOKEN)


def keep_commit(condition: str) -> list[Any]:
    """Return what gives the other jobs the commit and the tags of this run."""
    bundle = run(
        "Keep commit and tag for the other jobs",
        'git switch --quiet --detach "refs/tags/$TAG"\n'
        'mkdir -p "$RUNNER_TEMP/commit"\n'
        'base=$(git merge-base HEAD "$GITHUB_SHA")\n'
        f'git bundle create {BUNDLE} HEAD --tags --not "$base^@"\n'
        f'echo "$VERSION" > {KEPT_VERSION}',
        {
            "TAG": "${{ steps.release.outputs.tag }}",
            "VERSION": "${{ steps.release.outputs.version }}",
        },
    )
    return [
        only_if(condition, bundle),
        only_if(condition, upload("commit", f"{FOLDER}/commit")),
    ]


def get_version(condition: str) -> Any:
    """Return what gets the version of the first attempt: `minor` may mean another one by now."""
    again = "github.run_attempt > 1"
    if condition:
        again = f"{again} && {condition}"
    made = only_if(again, download("commit", f"{FOLDER}/commit"))
    made.insert(2, "continue-on-error", True)
    return made


def get_commit(condition: str, branch: str) -> list[Any]:
    """Return what checks out the commit that was made in this run, on a branch (an expression)."""
    check_out = run(
        "Check out the release commit",
        f"git fetch --quiet {BUNDLE} HEAD '+refs/tags/*:refs/tags/*'\n"
        'git checkout --quiet -B "$BRANCH" FETCH_HEAD',
        {"BRANCH": branch},
    )
    return [
        only_if(condition, download("commit", f"{FOLDER}/commit")),
        only_if(condition, check_out),
    ]


def collect(pattern: str, version: str = VERSION) -> list[Any]:
    """Return what merges the files that jobs before this one built into dist/."""
    options = {"pattern": pattern, "path": f"{FOLDER}/built"}
    # where all of it is public already, nothing was built
    merge = (
        f"mkdir -p {BUILT}\n"
        f"built=$(find {BUILT} '(' -path '*/parts/*.json' -o -name release.json ')' "
        "-print -quit)\n"
        'if [ -n "$built" ]; then\n'
        f'  {PROGRAM} collect --folders {BUILT} --version "$VERSION"\n'
        "fi"
    )
    return [
        use("Get what the other machines built", actions.DOWNLOAD, options),
        run("Merge it", merge, {**TOKEN, "VERSION": version}),
    ]


def provenance() -> list[Any]:
    """Return what signs where the files come from, and verifies the signatures."""
    subjects = run(
        "List the files and images",
        "find dist -name release.json -exec "
        f"jq --raw-output '{SUBJECTS}' {{}} + > \"$RUNNER_TEMP/subjects\"",
    )
    sign = use(
        "Sign where they come from",
        actions.PROVENANCE,
        {"subject-checksums": f"{FOLDER}/subjects"},
    )
    # xargs, as `find -exec` would not fail with its program
    verify = run(
        "Verify the signatures of the files",
        "while read -r _ name; do\n"
        '  find dist -path "*/$name" -type f -print0 |\n'
        "    xargs --null --no-run-if-empty --max-args=1 \\\n"
        '    gh attestation verify --repo "$GITHUB_REPOSITORY"\n'
        'done < "$RUNNER_TEMP/subjects"',
        TOKEN,
    )
    return [subjects, sign, verify]


def sign_off(identifier: str, environment: str) -> Any:
    """Return what tells who has approved that a job goes on, in the step's output `by`.

    An environment without reviewers asks nobody (docs.github.com, "Get the review history for a
    workflow run").
    """
    find = run(
        "Find who has tried the programs",
        f"by=$(gh api --jq '{REVIEWERS}' \\\n"
        '  "repos/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID/approvals")\n'
        'if [ -z "$by" ]; then\n'
        '  echo "::error::nobody has signed the programs off:'
        ' give the environment $ENVIRONMENT required reviewers, and run this job again"\n'
        "  exit 1\n"
        "fi\n"
        'echo "by=$by" >> "$GITHUB_OUTPUT"',
        {**TOKEN, "ENVIRONMENT": environment},
    )
    find.insert(1, "id", identifier)
    return find


def upload(name: str, path: str) -> Any:
    """Return what keeps a folder for later jobs; another run of the job replaces it."""
    options = {
        "name": name,
        "path": path,
        "if-no-files-found": "error",
        "overwrite": True,
    }
    return use(f"Keep {name}", actions.UPLOAD, options)


def download(name: str, path: str) -> Any:
    """Return what gets a folder that an earlier job kept."""
    return use(f"Get {name}", actions.DOWNLOAD, {"name": name, "path": path})


def use(name: str, action: Action, options: dict[str, Any]) -> Any:
    """Return a step that uses an action, with the action's version as a comment."""
    made = mapping(name=name, uses=action.uses)
    made.yaml_add_eol_comment(action.version, "uses", column=0)
    made["with"] = options
    return made


def run(name: str, line: str, env: dict[str, str] | None = None) -> Any:
    """Return a step that runs lines of bash."""
    made = mapping(name=name)
    if env:
        made["env"] = dict(env)
    made["run"] = literal(line)
    return made


def only_if(condition: str, step: Any) -> Any:
    """Return a step that runs only where a condition holds; "" is always."""
    if condition:
        step.insert(1, "if", condition)
    return step


def literal(lines: str) -> Any:
    """Return a text that is written line by line where it has several."""
    from ruamel.yaml.scalarstring import LiteralScalarString

    return LiteralScalarString(lines) if "\n" in lines else lines


def mapping(**values: Any) -> Any:
    """Return a map that can have comments."""
    from ruamel.yaml.comments import CommentedMap

    return CommentedMap(values)


def text(data: Any, width: int = 100) -> str:
    """Return a map as YAML, with lines that are folded at a width."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = width
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()
