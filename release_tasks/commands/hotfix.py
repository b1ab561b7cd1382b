"""A fix for a version that users have: a branch from its tag, released, and merged back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from release_tasks import shell, terminal
from release_tasks.errors import ReleaseError, shorten
from release_tasks.printable import word
from release_tasks.tasks import command

if TYPE_CHECKING:
    from release_tasks.project.model import Component, Project
    from release_tasks.release import Release

OPEN, FINISHED = "open", "finished"


@dataclass(frozen=True)
class _Hotfix:
    """What is fixed, under which version, on which branch, and where that is merged."""

    tree: Path
    component: str
    start: str  # the tag that it begins at
    start_commit: str
    version: str
    tag: str
    branch: str
    into: str

    @property
    def line(self) -> str:
        """Return the line that goes on with it."""
        return f"inv hotfix --from {word(self.start)}"


@command
def hotfix(
    c: Context,
    from_: str = "",
    into: str = "",
    new: str | None = None,
    sign_off: str | None = None,
    json: bool = False,
) -> None:
    """Fix a released version: branch, release, merge back."""
    from release_tasks.commands.release import carry_out

    fix = _hotfix(c, from_, into)
    state = OPEN
    if _is_finished(fix):
        terminal.say(
            f"nothing to do, {fix.tag} is released and merged into {fix.into}",
            f"another hotfix begins at it: inv hotfix --from {word(fix.tag)}",
        )
        state = FINISHED
    elif _is_merged(fix) or _is_being_merged(fix):
        _merge_back(c, fix)
        _delete_branch(c, fix)
        state = FINISHED
    elif _is_on_branch(c, fix):
        options = {
            "version": fix.version,
            "component": fix.component,
            "new": new,
            "sign_off": sign_off,
        }
        carry_out(c, options)
        _merge_back(c, fix)
        _delete_branch(c, fix)
        state = FINISHED
    if json:
        terminal.print_json(_data(fix, state))


def _data(fix: _Hotfix, state: str) -> dict[str, str]:
    """Return a hotfix in the shape that docs/json.md describes."""
    return {
        "from": fix.start,
        "component": fix.component,
        "version": fix.version,
        "tag": fix.tag,
        "branch": fix.branch,
        "into": fix.into,
        "state": state,
    }


def _hotfix(c: Context, start: str, into: str) -> _Hotfix:
    """Return the hotfix of a tag; without one, that of the current branch."""
    from release_tasks.project import discovery, tags
    from release_tasks.project.gates import HOTFIX
    from release_tasks.tools import git
    from release_tasks.versions.numbers import parse
    from release_tasks.versions.requests import next_version

    tree = git.top(Path.cwd())
    project = discovery.discover(tree)
    if not start:
        start = _start_of(project, git.branch(tree) or "")
    found, version, is_promotion = tags.read(project, start)
    if parse(version).prerelease or is_promotion:
        raise ReleaseError(
            f"{start} is not the tag of a release that can have a patch",
            _instead(project, found, version),
        )
    fixed = next_version(version, "patch")
    tag = tags.tag_name(found, fixed)
    return _Hotfix(
        tree,
        found.name,
        start,
        _commit(c, tree, start),
        fixed,
        tag,
        HOTFIX + tag,
        into or _release_branch(project),
    )


def _start_of(project: Project, branch: str) -> str:
    """Return the tag that the hotfix of a branch began at."""
    from release_tasks.project import tags
    from release_tasks.project.gates import HOTFIX
    from release_tasks.versions.numbers import parse

    if branch.startswith(HOTFIX):
        component, version, _ = tags.read(project, branch.removeprefix(HOTFIX))
        number = parse(version)
        if number.patch and not number.prerelease:
            before = number.replace(patch=number.patch - 1)
            return tags.tag_name(component, str(before))
    raise ReleaseError(
        f"{branch or 'HEAD'} is not the branch of a hotfix",
        "inv hotfix --from TAG, with the tag of the version to fix",
    )


def _instead(project: Project, component: Component, version: str) -> str:
    """Return what to type for a fix of a prerelease: its release, else the next prerelease."""
    from release_tasks.project.tags import tag_name
    from release_tasks.tools import git
    from release_tasks.tools.git import origin
    from release_tasks.versions.numbers import parse

    root = project.root
    final = tag_name(component, str(parse(version).finalize_version()))
    is_there = final in git.tags(root)
    if not is_there and origin.url(root) is not None:
        is_there = origin.tag(root, final) is not None
    if is_there:
        return f"inv hotfix --from {word(final)}"
    line = "inv release --version prerelease"
    if len(project.components) > 1:
        line += f" --component {word(component.name)}"
    return f"commit the fix, then {line}"


def _commit(c: Context, tree: Path, tag: str) -> str:
    """Return the commit of a tag, which is fetched where only origin has it."""
    commit = _commit_of_tag(c, tree, tag)
    if commit is None:
        raise ReleaseError(
            f"there is no tag {tag}, here or on origin", "git tag --list"
        )
    return commit


def _commit_of_tag(c: Context, tree: Path, tag: str) -> str | None:
    from release_tasks.tools import git
    from release_tasks.tools.git import origin

    here = git.tags(tree).get(tag)
    if here is not None or origin.url(tree) is None:
        return here
    there = origin.tag(tree, tag)
    if there is not None:
        origin.fetch_tag(tree, tag, name_it=not shell.is_dry(c))
    return there


def _release_branch(project: Project) -> str:
    """Return the branch that a hotfix is merged into, unless `--into` names one."""
    from release_tasks.channels.git import usual_branch

    branch = usual_branch(project)
    if branch is None:
        raise ReleaseError(
            "nothing says which branch a hotfix is merged into",
            "add --into BRANCH, or set branch in [project]",
        )
    return branch


def _heads(tree: Path, branch: str) -> list[str]:
    """Return the commits of a branch: here, and on origin."""
    from release_tasks.tools.git import branches

    found = [branches.head(tree, branch), _head_on_origin(tree, branch)]
    return [commit for commit in found if commit]


def _head_on_origin(tree: Path, branch: str) -> str | None:
    """Return the commit of a branch on origin, which is fetched where it is not here."""
    from release_tasks.tools.git import origin

    if origin.url(tree) is None:
        return None
    commit = origin.refs(tree).get(f"refs/heads/{branch}")
    if commit:
        origin.fetch_commit(tree, commit)
    return commit


def _released_commit(fix: _Hotfix) -> str | None:
    """Return the commit of the hotfix's own tag, None while that may still move."""
    from release_tasks.tools import git
    from release_tasks.tools.git import origin

    if origin.url(fix.tree) is None:
        return git.tags(fix.tree).get(fix.tag)
    commit = origin.tag(fix.tree, fix.tag)
    if commit:
        origin.fetch_commit(fix.tree, commit)
    return commit


def _is_merged(fix: _Hotfix) -> bool:
    """Tell whether the released hotfix is merged, here or on origin."""
    from release_tasks.tools import git

    commit = _released_commit(fix)
    if commit is None:
        return False
    return any(
        git.is_ancestor(fix.tree, commit, head)
        for head in _heads(fix.tree, fix.into)
    )


def _is_being_merged(fix: _Hotfix) -> bool:
    """Tell whether the merge of the released hotfix waits for somebody."""
    from release_tasks.tools import git

    commit = _released_commit(fix)
    merging = git.commit_of(fix.tree, "MERGE_HEAD")
    if commit is None or merging is None:
        return False
    is_there = git.branch(fix.tree) == fix.into
    return is_there and git.is_ancestor(fix.tree, commit, merging)


def _is_finished(fix: _Hotfix) -> bool:
    """Tell whether the hotfix is released, merged on origin, and its branch is gone."""
    from release_tasks.tools import git

    commit = _released_commit(fix)
    if commit is None:
        return False
    if _heads(fix.tree, fix.branch):
        return False
    head = _head_on_origin(fix.tree, fix.into)
    if head is None or not git.is_ancestor(fix.tree, commit, head):
        raise ReleaseError(
            f"{fix.tag} exists, and neither {fix.branch} nor {fix.into} has it",
            f"inv hotfix --from {word(fix.tag)} fixes that version",
        )
    return True


def _is_on_branch(c: Context, fix: _Hotfix) -> bool:
    """Check the hotfix's branch out, and tell whether it has a fix to release."""
    from release_tasks.tools import git
    from release_tasks.tools.git import branches

    heads = _heads(fix.tree, fix.branch)
    if git.branch(fix.tree) != fix.branch:
        _refuse_changes(fix)
        start = ""
        if branches.head(fix.tree, fix.branch) is None:
            start = heads[0] if heads else fix.start
        _refuse_without_tasks(fix)
        branches.switch(c, fix.tree, fix.branch, start)
        if shell.is_dry(c) and heads:
            terminal.say(
                f"would release {fix.version} from {fix.branch}, merge that "
                f"into {fix.into} and delete it"
            )
            return False
    if not heads:
        _say_next(c, fix)
        return False
    if git.head(fix.tree) == fix.start_commit:
        raise ReleaseError(
            f"{fix.branch} has no commit since {fix.start}",
            "commit the fix on it, with a line in the changelog, then "
            f"{fix.line}",
        )
    return True


def _refuse_changes(fix: _Hotfix) -> None:
    from release_tasks.tools import git
    from release_tasks.tools.git import branches

    if branches.is_merging(fix.tree):
        _refuse_conflicts(fix, branches.conflicts(fix.tree))
    changed = git.changed(fix.tree)
    if changed:
        raise ReleaseError(
            f"uncommitted changes: {shorten(changed)}",
            f"commit or stash them, then {fix.line}",
        )


def _refuse_without_tasks(fix: _Hotfix) -> None:
    """Raise `ReleaseError` where the fixed version had no tasks yet: nothing would run there."""
    from release_tasks.tools import git

    name = "tasks.py"
    if name not in git.tracked(fix.tree):
        return
    for path in (name, "tasks/__init__.py"):
        if git.at_commit(fix.tree, fix.start_commit, path) is not None:
            return
    raise ReleaseError(
        f"{fix.start} has no {name}, so no task runs on a branch from it",
        f"git switch --create {word(fix.branch)} {word(fix.start)}, add "
        f"{name}, then inv release --version {fix.version}",
    )


def _say_next(c: Context, fix: _Hotfix) -> None:
    verb = "would be" if shell.is_dry(c) else "is"
    terminal.say(
        f"{fix.branch} {verb} at {fix.start}: commit the fix there, with a line "
        "in the changelog",
        f"then {fix.line} releases {fix.version}, and merges it into {fix.into}",
    )


def _merge_back(c: Context, fix: _Hotfix) -> None:
    """Merge the branch of the hotfix with a commit of its own, and push that."""
    from release_tasks.tools import git
    from release_tasks.tools.git import branches, origin

    commit = _released_commit(fix)
    there = _head_on_origin(fix.tree, fix.into)
    if commit and there and git.is_ancestor(fix.tree, commit, there):
        terminal.say(f"{fix.into} on origin has {fix.tag}")
        _leave_branch(c, fix, there)
        return
    _switch_into(c, fix, there)
    here = branches.head(fix.tree, fix.into)
    if not commit or not here or not git.is_ancestor(fix.tree, commit, here):
        _merge(c, fix)
    try:
        origin.push(c, fix.tree, f"refs/heads/{fix.into}")
    except shell.Failed as error:
        remote = word(origin.remote_name(fix.tree))
        raise ReleaseError(
            error.problem,
            f"git pull --no-rebase {remote} {word(fix.into)} if it has moved on; "
            f"if it takes pull requests only: gh pr create --base {word(fix.into)} "
            f"--head {word(fix.branch)} --fill, with a merge commit; "
            f"then {fix.line}",
        ) from error
    if not shell.is_dry(c):
        terminal.say(f"merged {fix.branch} into {fix.into}")


def _switch_into(c: Context, fix: _Hotfix, there: str | None) -> None:
    """Check the release branch out, with what origin has of it."""
    from release_tasks.tools import git
    from release_tasks.tools.git import branches

    if git.branch(fix.tree) != fix.into:
        _refuse_changes(fix)
        here = branches.head(fix.tree, fix.into)
        branches.switch(c, fix.tree, fix.into, "" if here else there or "")
    if shell.is_dry(c) or branches.is_merging(fix.tree):
        return
    head = git.head(fix.tree)
    if there and git.is_ancestor(fix.tree, head, there) and head != there:
        branches.fast_forward(c, fix.tree, there)


def _merge(c: Context, fix: _Hotfix) -> None:
    from release_tasks.bumping import merge_back
    from release_tasks.tools.git import branches

    release = _release(c, fix)
    if not branches.is_merging(fix.tree):
        branch = fix.branch
        if branches.head(fix.tree, branch) is None:
            branch = _head_on_origin(fix.tree, branch) or fix.tag
        try:
            branches.merge(c, fix.tree, branch)
        except shell.Failed as error:
            if not branches.conflicts(fix.tree):
                raise ReleaseError(
                    error.problem, f"correct what git says, then {fix.line}"
                ) from error
            merge_back.resolve(c, release)
    if branches.is_merging(fix.tree):
        _refuse_conflicts(fix, branches.conflicts(fix.tree))
        branches.finish_merge(c, fix.tree)


def _release(c: Context, fix: _Hotfix) -> Release:
    from release_tasks.release import Release

    return Release.at(c, fix.version, fix.component)


def _refuse_conflicts(fix: _Hotfix, paths: tuple[str, ...]) -> None:
    if paths:
        raise ReleaseError(
            f"both {fix.into} and {fix.branch} changed {shorten(paths)}",
            "edit what is between <<<<<<< and >>>>>>>, git add it, git commit "
            f"--no-edit, then {fix.line}",
        )


def _leave_branch(c: Context, fix: _Hotfix, there: str) -> None:
    """Check the release branch out where the branch of the hotfix is, which goes away."""
    from release_tasks.tools import git

    if git.branch(fix.tree) == fix.branch:
        _switch_into(c, fix, there)


def _delete_branch(c: Context, fix: _Hotfix) -> None:
    """Delete the branch here and on origin, unless it has commits that are not merged."""
    from release_tasks.tools import git
    from release_tasks.tools.git import branches, origin

    merged = _heads(fix.tree, fix.into)
    for head in _heads(fix.tree, fix.branch):
        is_safe = any(git.is_ancestor(fix.tree, head, one) for one in merged)
        if not is_safe and not shell.is_dry(c):
            is_here = branches.head(fix.tree, fix.branch) == head
            name = fix.branch if is_here else head[:12]
            remote = word(origin.remote_name(fix.tree))
            raise ReleaseError(
                f"{fix.branch} has commits that are not in {fix.into}",
                f"git switch {word(fix.into)}, git merge --no-ff "
                f"{word(name)}, git push {remote} {word(fix.into)}, "
                f"then {fix.line}",
            )
    if branches.head(fix.tree, fix.branch) is not None:
        branches.delete(c, fix.tree, fix.branch)
    if _head_on_origin(fix.tree, fix.branch) is not None:
        origin.push(c, fix.tree, f":refs/heads/{fix.branch}")
    if not shell.is_dry(c):
        terminal.say(f"deleted {fix.branch}, here and on origin")
