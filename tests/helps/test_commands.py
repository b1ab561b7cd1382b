"""What commands say of a repository and its origin is typed, and then the same call works."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from helps.test_projects import (
    FILE,
    OTHER,
    TWO,
    Act,
    Case,
    Here,
    commits,
    nothing,
    replaces,
    types,
    writes,
)
from helps.test_projects import here as here
from support.contexts import context
from support.help_texts import comes_from, helped
from support.sample_projects import inv
from support.tiny_project import LOG

from release_tasks import memo
from release_tasks.building import edge, targets
from release_tasks.bumping import bump
from release_tasks.changelogs import notes
from release_tasks.channels import git as git_channel
from release_tasks.channels import image_tags
from release_tasks.commands import hotfix, on_actions, watch
from release_tasks.commands.try_artifacts import try_artifacts
from release_tasks.formats import oci_layout
from release_tasks.pipelines import jobs
from release_tasks.project import cargo_folder, history
from release_tasks.project.settings_file import load
from release_tasks.release import Release
from release_tasks.steps.bump import bump as bump_step
from release_tasks.steps.push import push
from release_tasks.steps.tag import tag
from release_tasks.tools.git import whole

pytestmark = pytest.mark.quick
BRANCH = "hotfix/v0.1.1"
ORIGIN = (
    "git init -q --bare -b main ../origin.git "
    "&& git remote add origin ../origin.git && git push -q origin main"
)
TAGGED = "git tag v0.1.0"
# the hotfix is released, main has other commits, and git knows both
FIXED = (
    f"{TAGGED} && git switch -qc {BRANCH} && echo > fixed.txt && git add . "
    "&& git commit -qm Fix && git tag v0.1.1 && git switch -q main "
    "&& echo > more.txt && git add . && git commit -qm More"
)
FIXED_THERE = f"{ORIGIN} && {FIXED} && git push -q origin main v0.1.1 {BRANCH}"
IMAGE = '[images."ghcr.io/example/tiny"]\n'


def begins(from_: str = "", into: str = "main") -> Act:
    """Return what asks for a hotfix, with other words where a help has named them."""
    return lambda here: hotfix._hotfix(
        context(),
        os.environ.get("FROM", from_),
        os.environ.get("INTO", into),
    )


def of(act: Callable[..., object]) -> Act:
    """Return what carries out a part of the hotfix of v0.1.0."""

    def acts(here: Here) -> object:
        fix = hotfix._hotfix(context(), "v0.1.0", "main")
        if act is hotfix._is_finished or act is hotfix._refuse_changes:
            return act(fix)
        return act(context(), fix)

    return acts


def sets(name: str, value: Callable[[str], str]) -> Callable[[Here, str], None]:
    return lambda here, fix: here.env.setenv(name, value(fix))


def lines(here: Here, fix: str) -> None:
    """Type each command before `then inv hotfix`."""
    for line in fix.split(", "):
        if line.startswith("git "):
            here.type(line.partition(" if it ")[0])


def last(fix: str) -> str:
    return fix.split()[-1]


def settles(here: Here, fix: str) -> None:
    here.write("more.txt", "both\n")
    here.type("git add more.txt && git commit -q --no-edit")


def edges(here: Here) -> object:
    return edge.release(context(dry=True), None)


def image(text: str) -> Act:
    return lambda here: (
        here.type(ORIGIN),
        here.commit("Dockerfile", "FROM scratch\n"),
        here.commit(FILE, text),
        here.type("git push -q origin main"),
    )


def is_left(here: Here) -> object:
    publishes = os.environ.get("PUBLISHES", "actions")
    return on_actions.is_left_to_actions(publishes, None)


def generates(here: Here, fix: str) -> None:
    here.type("git remote add origin https://github.com/example/tiny.git")
    assert fix.startswith("inv generate-ci, ")
    assert inv(here.root, "generate-ci").returncode == 0
    here.type("git add --all && git commit -qm CI")


def orders(function: Callable[..., object]) -> Act:
    def acts(here: Here) -> object:
        steps = ((bump_step,), (tag,), (push,))
        return function(steps if "ALL" in os.environ else steps[:1])

    return acts


def follows_up(here: Here) -> object:
    """Ask for the hotfix of a prerelease, or release what was said instead."""
    if "RELEASE" in os.environ:
        return Release.at(context(), os.environ["RELEASE"])
    return begins("v0.2.0-rc.1")(here)


LISTED = "# Changelog\n\n- 0.1.0 (2026-01-01)\n"


def notes_of(here: Here) -> object:
    release = Release.at(context(), "0.2.0")
    part = release.parts[0]
    if part.component.changelog is not None:
        return notes.of_changelog(release, part)
    return notes._generated(release, part, part.tag)


def copies(here: Here, text: str) -> None:
    """Let the settings name a file that only a component can have a version for."""
    here.commit("other/pyproject.toml", OTHER["other/pyproject.toml"])
    if not (here.root / "core").exists():
        here.type("mkdir core && git mv pyproject.toml tiny_plain core")
    here.commit("site.txt", "tiny 0.1.0\n")
    here.commit(FILE, f"{TWO}[files]\n'site.txt' = '{text}'\n")


def pinned(here: Here, policy: str) -> None:
    """Let one package need the other as it is."""
    needs = 'dependencies = ["tiny-plain==0.1.0"]\n'
    text = OTHER["other/pyproject.toml"]
    here.commit("other/pyproject.toml", text + needs)
    here.commit(FILE, f'{TWO}pins = {{ core = "{policy}" }}\n')


def bump_core() -> object:
    """Bump one component alone, as `inv bump --component core` does."""
    return bump.write(context(), Release.at(context(), "0.2.0", "core"))


def shallow(here: Here) -> None:
    """Have a tag on another branch, and only the newest commit."""
    here.type(
        f"{ORIGIN} && git switch -qc old && {TAGGED} && git switch -q main"
    )
    here.type("git commit -q --allow-empty -m More && git push -q origin --all")
    here.type("git push -q origin --tags && mv .git .away")
    here.type(
        "git clone -q --bare --depth=1 --branch main file://$PWD/../origin.git .git"
    )
    here.type("git config core.bare false && rm -rf .away && git reset -q")
    here.type(
        "git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'"
    )
    here.type("git fetch -q --depth=1 origin tag v0.1.0")


CASES = [
    Case("commands/hotfix.py:_hotfix", types("git tag v0.2.0-rc.1 && git tag v0.2.0"), begins("v0.2.0-rc.1"), "inv hotfix --from v0.2.0", sets("FROM", last)),
    Case("commands/hotfix.py:_hotfix", types("git tag v0.2.0-rc.1"), follows_up, "commit the fix, then inv release --version prerelease", sets("RELEASE", last)),
    Case("commands/hotfix.py:_refuse_without_tasks", types("git rm -q tasks.py && git commit -qm Without && git tag v0.1.0 && git revert --no-edit HEAD"), of(hotfix._is_on_branch), "git switch --create", lambda here, fix: (here.type(fix.partition(", add")[0]), here.commit("tasks.py", "from release_tasks import ns\n"))),
    Case("commands/hotfix.py:_is_on_branch", types(f"{TAGGED} && git branch {BRANCH}"), of(hotfix._is_on_branch), "commit the fix on it", lambda here, fix: here.commit("more.txt", "")),
    Case("commands/hotfix.py:_commit", types(TAGGED), begins("v0.1.9"), "git tag --list", lambda here, fix: (here.type(f"{fix} | grep -q v0.1.0"), here.env.setenv("FROM", "v0.1.0"))),
    Case("commands/hotfix.py:_start_of", types(TAGGED), begins(), "inv hotfix --from TAG", sets("FROM", lambda fix: "v0.1.0")),
    Case("commands/hotfix.py:_release_branch", types(f"{TAGGED} && git branch -m trunk"), begins("v0.1.0", ""), "add --into BRANCH", sets("INTO", lambda fix: "trunk")),
    Case("commands/hotfix.py:_release_branch", types(f"{TAGGED} && git branch -m trunk"), begins("v0.1.0", ""), "set branch in [project]", writes(FILE, '[project]\nbranch = "trunk"\n')),
    Case("commands/hotfix.py:_refuse_changes", types(f"{TAGGED} && echo > scribble.txt && git add ."), of(hotfix._refuse_changes), "commit or stash them", lambda here, fix: here.type("git stash -q")),
    Case("commands/hotfix.py:_refuse_conflicts", types(f"{FIXED} && git switch -q {BRANCH} && echo fix > more.txt && git add . && git commit -qm Other && git switch -q main && ! git merge -q {BRANCH}"), of(hotfix._refuse_changes), "edit what is between", settles),
    Case("commands/hotfix.py:_is_finished", types(f"{FIXED_THERE} && git branch -qD {BRANCH} && git push -q origin :{BRANCH}"), lambda here: (of(hotfix._is_finished)(here) if "FROM" not in os.environ else begins()(here)), "inv hotfix --from v0.1.1", sets("FROM", lambda fix: fix.split()[3])),
    Case("commands/hotfix.py:_merge", types(f"{FIXED} && printf '#!/bin/sh\\nfalse\\n' > .git/hooks/pre-merge-commit && chmod +x .git/hooks/pre-merge-commit"), of(hotfix._merge), "correct what git says", lambda here, fix: here.type("rm .git/hooks/pre-merge-commit")),
    Case("commands/hotfix.py:_merge_back", types(f"{FIXED_THERE} && echo > local.txt && git add . && git commit -qm Local && git clone -q ../origin.git ../other && git -C ../other commit -q --allow-empty -m Other && git -C ../other push -q origin main"), of(hotfix._merge_back), "git pull --no-rebase origin main", lambda here, fix: here.type(f"{fix.partition(' if it ')[0]} --no-edit")),
    Case("commands/hotfix.py:_delete_branch", types(f"{FIXED_THERE} && git switch -q {BRANCH} && git commit -q --allow-empty -m Late"), of(hotfix._delete_branch), "git merge --no-ff", lines),
    Case("commands/watch.py:_seconds", nothing, lambda here: watch._seconds(os.environ.get("MINUTES", "2h")), "--minutes ", sets("MINUTES", last)),
    Case("commands/on_actions.py:is_left_to_actions", nothing, lambda here: on_actions.is_left_to_actions(os.environ.get("PUBLISHES", "there"), None), "available: ", sets("PUBLISHES", lambda fix: fix.split()[1].rstrip(","))),
    Case("commands/on_actions.py:is_left_to_actions", nothing, is_left, "inv generate-ci", generates),
    Case("commands/on_actions.py:is_left_to_actions", nothing, is_left, "--publishes here", sets("PUBLISHES", last)),
    Case("commands/on_actions.py:until_pushed", nothing, lambda here: orders(on_actions.until_pushed)(here) if "PUBLISHES" not in os.environ else None, "--publishes here", sets("PUBLISHES", last)),
    Case("pipelines/jobs.py:jobs", nothing, lambda here: orders(lambda steps: jobs.jobs(here.project, steps))(here), "keep tag in the order", sets("ALL", last)),
    Case("commands/try_artifacts.py:try_artifacts", nothing, lambda here: try_artifacts.body(context(), os.environ.get("PYTHON", "python2.4")), "/usr/bin/python3", sets("PYTHON", lambda fix: "python3")),
    Case("project/cargo_folder.py:_chosen", lambda here: (here.commit("rust/Cargo.toml", "[workspace]\n"), here.commit(FILE, '[crates]\nfolder = "rast"\n')), lambda here: cargo_folder.find(here.root, ("rust/Cargo.toml",), load(here.root)), "available: rust", lambda here, fix: here.replace(FILE, "rast", last(fix))),
    Case("project/cargo_folder.py:_chosen", commits(FILE, '[crates]\nfolder = "rust"\n'), lambda here: here.project, "remove folder from [crates]", writes(FILE, "[crates]\n")),
    Case("building/edge.py:release", image(IMAGE), edges, "add to release-tasks.toml:", lambda here, fix: (here.commit(FILE, fix.partition(":\n")[2] + "\n"), here.type("git push -q origin main"))),
    Case("building/edge.py:release", lambda here: (image(f'{IMAGE}edge = ["main"]\n')(here), here.write("Dockerfile", "FROM scratch\n\n")), edges, "commit or stash them", lambda here, fix: here.type("git stash -q")),
    Case("building/edge.py:_require_merged", lambda here: (here.commit("Dockerfile", "FROM scratch\n"), here.commit(FILE, f'{IMAGE}edge = ["main"]\n')), edges, "git remote add origin URL", lambda here, fix: here.type(ORIGIN.replace("git remote add origin URL", fix))),
    Case("building/edge.py:_require_merged", lambda here: (image(f'{IMAGE}edge = ["main"]\n')(here), here.type("git branch -m trunk && git push -q origin trunk && git -C ../origin.git symbolic-ref HEAD refs/heads/trunk && git push -q origin :main")), edges, "[project]", lambda here, fix: (here.commit(FILE, fix.partition(":\n")[2].replace("BRANCH", "trunk") + f'\n{IMAGE}edge = ["main"]\n'), here.type("git push -q origin trunk"))),
    Case("building/edge.py:_require_merged", lambda here: (image(f'{IMAGE}edge = ["main"]\n')(here), here.commit("more.txt", "")), edges, "git push origin main", lambda here, fix: here.type(fix)),
    Case("building/edge.py:_require_merged", lambda here: (image(f'{IMAGE}edge = ["main"]\n')(here), here.type("git switch -qc topic"), here.commit("more.txt", "")), edges, "git switch main", lambda here, fix: here.type(fix.partition(",")[0])),
    Case("building/edge.py:_require_merged", lambda here: (image(f'{IMAGE}edge = ["main"]\n')(here), here.type("git clone -q ../origin.git ../other && git -C ../other commit -q --allow-empty -m Other && git -C ../other push -q origin main"), here.commit("more.txt", "")), edges, "git pull --rebase origin main", lambda here, fix: [here.type(line) for line in fix.split(", then ")]),
    Case("building/targets.py:chosen", nothing, lambda here: targets.chosen(os.environ.get("NAMES", "tin"), ["tiny", "other"], "wheel"), "available: ", sets("NAMES", lambda fix: fix.partition(": ")[2].split(",")[0])),
    Case("channels/git.py:_push_branch", types(f"{ORIGIN} && git commit -q --allow-empty -m Local && git clone -q ../origin.git ../other && git -C ../other commit -q --allow-empty -m Other && git -C ../other push -q origin main"), lambda here: git_channel._push_branch(context(), Release.at(context(), "0.2.0"), "main"), "git pull --rebase origin main", lambda here, fix: here.type(fix.partition(" if it ")[0])),
    Case("channels/image_tags.py:_version_template", lambda here: (here.commit("Dockerfile", "FROM scratch\n"), here.commit(FILE, f'{IMAGE}tags = ["main"]\n')), lambda here: [image_tags.version_tag(*one) for one in image_tags.shipped(Release.at(context(), "0.2.0"))], 'add "{version}" to its tags', writes(FILE, f'{IMAGE}tags = ["main", "{{version}}"]\n')),
    Case("changelogs/notes.py:_generated", types(f"{ORIGIN} && git rm -q CHANGELOG.md && git commit -qm Without"), notes_of, "write a CHANGELOG.md", writes("CHANGELOG.md", LOG)),
    Case("changelogs/new_section.py:_refuse_other_forms", commits("CHANGELOG.md", LISTED), lambda here: here.bump(), "make a heading of each", lambda here, fix: here.commit("CHANGELOG.md", LISTED.replace("- 0.1.0 (2026-01-01)", f"{fix.partition(': ')[2]}\n\n- All."))),
    Case("bumping/version_copies.py:version_of", lambda here: copies(here, "tiny {version}"), lambda here: bump_core(), "write {NAME} of a component", lambda here, fix: copies(here, "tiny {core}")),
    Case("bumping/version_copies.py:version_of", lambda here: copies(here, "tiny {version}"), lambda here: bump_core(), "latest = true in one component", lambda here, fix: here.replace(FILE, "[components.core]", "[components.core]\nlatest = true")),
    Case("bumping/python_pins.py:kept_errors", lambda here: pinned(here, "keep"), lambda here: bump_core(), "pins = { core", lambda here, fix: here.replace(FILE, 'pins = { core = "keep" }', fix.partition(" in [")[0])),
    Case("bumping/python_pins.py:kept_errors", lambda here: pinned(here, "keep"), lambda here: bump_core(), "or commit a requirement", replaces("other/pyproject.toml", "==0.1.0", ">=0.1.0")),
    Case("release.py:_tagged_commit", types(f"{ORIGIN} && git tag v0.2.0 && git push -q origin v0.2.0 && git commit -q --allow-empty -m More && git tag -f v0.2.0 && git commit -q --allow-empty -m Newest"), lambda here: Release.at(context(), "0.2.0"), "git fetch --force origin tag v0.2.0", lambda here, fix: here.type(fix)),
    Case("project/history.py:last_finished", shallow, lambda here: history.last_finished(here.project, here.project.component(None)), "git fetch --unshallow", lambda here, fix: here.type(fix.partition(",")[0])),
    Case("tools/git/whole.py:_refuse_outside", nothing, lambda here: whole._refuse_outside(os.environ.get("NAMES", "../../x")), "give it a name without `..`", sets("NAMES", lambda fix: "x")),
    Case("formats/oci_layout.py:_descriptor", lambda here: here.type("echo '{\"manifests\": []}' > index.json && tar -cf image.tar index.json"), lambda here: oci_layout.digest_of(here.root / "image.tar"), "remove ", lambda here, fix: here.type(f"rm {fix.split()[1]} && printf '{{\"manifests\": [{{\"digest\": \"sha256:{'0' * 64}\"}}]}}' > index.json && tar -cf image.tar index.json")),
]  # fmt: skip


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=[f"{case.place}-{number}" for number, case in enumerate(CASES)],
)
@pytest.mark.sample(3)
def test_what_a_command_says_is_typed_and_then_it_works(
    case: Case, here: Here
) -> None:
    for name in (
        "FROM",
        "INTO",
        "PUBLISHES",
        "ALL",
        "PYTHON",
        "NAMES",
        "RELEASE",
    ):
        here.env.delenv(name, raising=False)
    case.breaks(here)
    fix = helped(lambda: case.fails(here), case.help)
    assert comes_from(case.place, fix), fix
    case.follow(here, fix)
    memo.invalidate()  # what is typed next is another process
    case.fails(here)
