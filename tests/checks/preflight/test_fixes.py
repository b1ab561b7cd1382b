"""Each finding names a way out: it is followed to the letter, and the finding is gone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.contexts import context
from support.crate_and_wheel import KEEP, PARTS
from support.python_projects import sdist
from support.tiny_project import LOG, ORIGIN, TINY, TinyProject, tiny_project

from release_tasks.checks.check import CheckContext
from release_tasks.checks.preflight.all import check_release, checks
from release_tasks.rehearsal.faults import Fault

pytestmark = pytest.mark.tools("gh")
CD = ".github/workflows/cd.yml"
RUNS = (
    "on:\n  push:\n    tags: ['v*']\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
    "    steps:\n      - run: twine upload dist/*\n"
)
UNFOLLOWED = (
    "test_page",
    "test_check",
    "test_known_failures",
    "test_sample_findings",
)
BUNDLES = (
    '[bundles."{asset}.zip"]\nsmall = {url = "u", sha256 = "s", license = "l"}\n[github]\n'
    'assets = ["bundles"]\n'
)
MANIFEST = TINY["pyproject.toml"]


@dataclass
class Try:
    """A project, and what its release is asked for with."""

    tiny: TinyProject
    version: str = "0.2.0"
    new: str = "all"

    def found(self) -> dict[str, str]:
        """Return the way out of each finding by its name, notes aside."""
        return {
            one.name: one.fix
            for one in check_release(self._case())
            if one.severity != "note"
        }

    def still_finds(self, name: str) -> bool:
        """Tell whether one check finds something, without asking the others."""
        (kind,) = [kind for kind in checks() if kind.name == name]
        return any(one.severity != "note" for one in kind(self._case()))

    def _case(self) -> CheckContext:
        release = self.tiny.release(self.version)
        return CheckContext(context(), release, self.new)

    def commit(self, name: str, text: str) -> None:
        self.tiny.commit(name, text)
        self.tiny.git("push", "--quiet", "origin", "HEAD")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.tiny.root / name).read_text()
        assert old in text
        self.commit(name, text.replace(old, new))

    def type(self, line: str) -> None:
        """Type a line as it was said."""
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.tiny.root,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


Act = Callable[[Try], object]
Follow = Callable[[Try, str], object]


def commits(name: str, text: str) -> Act:
    return lambda one: one.commit(name, text)


def settings(text: str) -> Act:
    return commits("release-tasks.toml", text)


def asks_nobody(one: Try) -> None:
    job = "jobs:\n  approve:\n    environment: release\n"
    one.commit(".github/workflows/release.yml", f"on: workflow_dispatch\n{job}")
    one.commit("release-tasks.toml", '[github]\nenvironment = "release"\n')


def types(line: str) -> Act:
    return lambda one: one.type(line)


def typed(one: Try, fix: str) -> None:
    one.type(fix)


def takes(version: str, word: str) -> Follow:
    """Take another version, as the way out says in these words."""

    def follow(one: Try, fix: str) -> None:
        assert word in fix
        one.version = version

    return follow


def fixes(word: str) -> Follow:
    """Commit what is missing, as the way out says in these words."""

    def follow(one: Try, fix: str) -> None:
        assert fix.startswith(word)
        one.commit("fixed.txt", "")

    return follow


def says(name: str, old: str, new: str, word: str) -> Follow:
    """Edit a file as the way out says, in which `word` stands."""

    def follow(one: Try, fix: str) -> None:
        assert word in fix
        one.replace(name, old, new)

    return follow


def beside(one: Try) -> None:
    """Tag a commit that is on no branch of origin."""
    one.tiny.commit("pyproject.toml", MANIFEST.replace("0.1.0", "0.2.0"))
    one.tiny.git("tag", "v0.2.0")
    one.tiny.git("push", "--quiet", "origin", "v0.2.0")


def merged(one: Try, fix: str) -> None:
    commit = re.match("merge ([0-9a-f]{7}), or", fix)
    assert commit, fix
    one.type(
        f"git switch main && git merge {commit[1]} && git push origin main"
    )


def elsewhere(one: Try) -> None:
    other = one.tiny.clone()
    one.tiny.git(
        "commit", "--quiet", "--allow-empty", "--message=Theirs", folder=other
    )
    one.tiny.git("push", "--quiet", "origin", "main", folder=other)


def uploaded(one: Try) -> None:
    path = one.tiny.folder / "tiny_plain-0.2.0.tar.gz"
    path.write_bytes(sdist("tiny-plain"))
    subprocess.run(
        [sys.executable, "-m", "twine", "upload", path],
        check=True,
        capture_output=True,
    )


def yanked(one: Try) -> None:
    uploaded(one)
    one.tiny.registries.pypi.yank("tiny-plain", "0.2.0")


def installed(one: Try, fix: str) -> None:
    (one.tiny.folder / "bin" / fix.removeprefix("install ")).touch(0o755)


def scoped(one: Try, fix: str) -> None:
    assert fix.startswith("gh auth refresh --scopes repo, or ")
    one.tiny.registries.github.scopes += ", repo"


def confirmed(one: Try, fix: str) -> None:
    found = re.match("add --new (\\S+) ", fix)
    assert found, fix
    one.new = found[1]


def signed(one: Try, fix: str) -> None:
    found = re.match("set ([A-Z_]+),", fix)
    assert found, fix
    os.environ[found[1]] = "pypi-not-a-secret"


def red(one: Try) -> None:
    settings('[gates]\nci = "release-commit"\n')(one)
    one.tiny.registries.github.set_runs(
        "example",
        "tiny",
        [
            {
                "head_sha": one.tiny.head(),
                "head_branch": "main",
                "conclusion": "failure",
            }
        ],
    )


def waits_for_nothing(one: Try) -> None:
    one.commit(".github/workflows/ci.yml", "on: push\njobs: {}\n")
    settings('[gates]\nci = ["cl.yml"]\n')(one)


def labelled(one: Try) -> None:
    settings('[gates]\nblockers = ["P0"]\n')(one)
    one.type(
        "gh api --method POST repos/example/tiny/issues -f title=Lost -f 'labels[]=P0'"
    )


def linked(one: Try) -> None:
    one.type("ln -s /etc/hostname host.txt && git add host.txt")
    one.commit("more.txt", "")


def copied(one: Try, fix: str) -> None:
    assert fix.startswith(
        "replace host.txt with a copy, or with a relative link"
    )
    one.type(
        "cp --remove-destination /etc/hostname host.txt && git add host.txt"
    )
    one.commit("more.txt", "more")


def readme_outside(one: Try) -> None:
    (one.tiny.folder / "OUTSIDE.md").write_text("# Tiny\n")
    inside = 'readme = {text = "Tiny", content-type = "text/plain"}'
    one.replace("pyproject.toml", inside, 'readme = "../OUTSIDE.md"')


def readme_inside(one: Try, fix: str) -> None:
    assert fix == (
        "copy that file into the repository, and change readme in pyproject.toml"
    )
    one.commit("INSIDE.md", "# Tiny\n")
    one.replace("pyproject.toml", "../OUTSIDE.md", "INSIDE.md")


def two_dockerfiles(one: Try) -> None:
    one.commit("Dockerfile", "FROM scratch\n")
    one.commit("web/Dockerfile", "FROM scratch\n")


def answered(one: Try, fix: str) -> None:
    one.commit(
        "release-tasks.toml", fix.partition("release-tasks.toml:\n")[2] + "\n"
    )


def refuses_once(one: Try) -> None:
    one.tiny.registries.faults.add(
        Fault("GET", "/simple/tiny-plain/", status=403)
    )


def tried_again(one: Try, fix: str) -> None:
    assert fix == "try again later"


# how a project comes to have a finding, and how its way out is followed
WAYS: dict[str, tuple[Act, Follow]] = {
    "unknown-check": (
        settings(
            '[checks.ignore]\nmissing-changelog-entrys = "a typing error"\n'
        ),
        says(
            "release-tasks.toml",
            "missing-changelog-entrys",
            "missing-changelog-entry",
            "did you mean missing-changelog-entry?",
        ),
    ),
    "missing-program": (
        settings('[build]\nneeds = ["no-such-compiler"]\n'),
        installed,
    ),
    "tag-without-version": (types("git tag v0.2.0"), typed),
    "tag-off-branch": (beside, merged),
    "push-elsewhere": (
        types("git remote set-url --push origin no_push"),
        typed,
    ),
    "no-origin": (
        types("git remote remove origin"),
        lambda one, fix: one.type(fix.replace("URL", ORIGIN)),
    ),
    "insecure-origin": (
        types("git remote set-url origin http://github.com/example/tiny"),
        typed,
    ),
    "linked-dist": (
        types(
            "mkdir ../other && ln -s ../other dist && echo dist >> .git/info/exclude"
        ),
        typed,
    ),
    "outside-link": (linked, copied),
    "published-outside-file": (readme_outside, readme_inside),
    "fork-as-origin": (
        types("git remote add upstream https://github.com/other/tiny"),
        says(
            "pyproject.toml",
            "[project]\n",
            '[project]\nurls = {Source = "https://github.com/example/tiny"}\n',
            "or name https://github.com/example/tiny as the repository",
        ),
    ),
    "long-notes": (
        commits("CHANGELOG.md", LOG.replace("- More.\n", "- More.\n" * 20_000)),
        says(
            "CHANGELOG.md",
            "- More.\n" * 20_000,
            "- More.\n",
            "shorten the section in CHANGELOG.md",
        ),
    ),
    "detached-head": (
        types("git checkout --quiet --detach"),
        lambda one, fix: one.type(fix.replace("BRANCH", "main")),
    ),
    "wrong-branch": (
        lambda one: (
            settings('[project]\nbranch = "main"\n')(one),
            one.type("git switch --create feature"),
        ),
        typed,
    ),
    "uncommitted-changes": (
        types("touch scribble.txt"),
        says(
            ".gitignore",
            "__pycache__/",
            "__pycache__/\nscribble.txt",
            "add generated files to .gitignore",
        ),
    ),
    "unnormalized-file": (
        lambda one: (
            commits("notes.txt", "one\r\n")(one),
            commits(".gitattributes", "*.txt text\n")(one),
            one.type("touch -d 2020-01-01 notes.txt"),
        ),
        typed,
    ),
    "behind-origin": (elsewhere, typed),
    "double-section": (
        commits("CHANGELOG.md", f"{LOG}\n## [Unreleased]\n\n- And this.\n"),
        says(
            "CHANGELOG.md",
            "\n## [Unreleased]\n\n- And this.\n",
            "- And this.\n",
            "merge them",
        ),
    ),
    "missing-changelog-entry": (
        commits("CHANGELOG.md", LOG.replace("- More.\n", "")),
        says(
            "CHANGELOG.md",
            "## [Unreleased]\n",
            "## [Unreleased]\n\n- More.\n",
            "write what changed under Unreleased in CHANGELOG.md",
        ),
    ),
    "version-not-higher": (
        lambda one: (one.tiny.tag("v0.3.0"), one.commit("more.txt", "")),
        takes("0.3.1", "choose a version after 0.3.0"),
    ),
    "unknown-version": (
        commits(
            "pyproject.toml",
            MANIFEST.replace('version = "0.1.0"', 'dynamic = ["version"]'),
        ),
        lambda one, fix: settings("\n".join(fix.splitlines()[1:]))(one),
    ),
    "new-tag-form": (
        lambda one: (
            one.tiny.tag("0.1.0"),
            settings(
                '[components.tiny]\ntag = "v{version}"\npython = ["tiny-plain"]\n'
            )(one),
        ),
        says(
            "release-tasks.toml", "v{version}", "{version}", 'tag = "{version}"'
        ),
    ),
    "version-below-manifests": (
        lambda one: setattr(one, "version", "0.0.9"),
        takes("0.1.1", "choose a version after 0.1.0"),
    ),
    "unbumpable-file": (types("chmod 400 pyproject.toml"), typed),
    "stale-version": (
        lambda one: (
            one.commit("README.md", "tiny 0.1.0\n"),
            settings('[versions]\nstale = "error"\n')(one),
        ),
        says(
            "release-tasks.toml",
            "error",
            'error"\n[versions.ignore]\n"README.md" = "an example',
            "or to [versions.ignore] with the reason",
        ),
    ),
    "unreadable-workflow": (
        commits(CD, "on: [push\n"),
        says(CD, "[push", "[push]", "fix cd.yml"),
    ),
    "second-publisher": (
        commits(CD, RUNS),
        says(CD, "tags: ['v*']", "branches: [main]", "remove its tag trigger"),
    ),
    "unresolved-artifact": (two_dockerfiles, answered),
    "unreadable-registry": (refuses_once, tried_again),
    "taken-version": (
        yanked,
        takes("0.2.1", "unyank it, or choose a version after 0.2.0"),
    ),
    "untagged-version": (
        uploaded,
        takes("0.2.1", "choose a version after 0.2.0"),
    ),
    "new-name": (lambda one: setattr(one, "new", ""), confirmed),
    "missing-credential": (
        lambda one: [
            os.environ.pop(name, None)
            for name in ("TWINE_PASSWORD", "PYPI_API_TOKEN")
        ],
        signed,
    ),
    "unusable-bundle": (
        settings(BUNDLES),
        says(
            "release-tasks.toml",
            'url = "u", sha256 = "s"',
            f'url = "https://example.org/model.bin", sha256 = "{"0" * 64}"',
            "set url to the address of a file",
        ),
    ),
    "unstarted-workflow": (
        waits_for_nothing,
        says(
            "release-tasks.toml",
            "cl.yml",
            "ci.yml",
            "write the name of a workflow or of its file (available: ci.yml)",
        ),
    ),
    "commit-not-green": (red, fixes("fix it and commit")),
    "token-too-weak": (
        lambda one: setattr(one.tiny.registries.github, "scopes", "gist"),
        scoped,
    ),
    "unmentioned-version": (
        settings('[gates]\nmentions = ["no.md"]\n'),
        says(
            "release-tasks.toml",
            '"no.md"',
            "",
            "remove it from [gates] mentions",
        ),
    ),
    "missing-environment": (
        asks_nobody,
        says(
            "release-tasks.toml",
            'environment = "release"',
            "",
            "remove environment from [github]",
        ),
    ),
    "open-milestone": (
        settings('[gates]\nmilestone = "v{version}"\n'),
        says(
            "release-tasks.toml",
            'milestone = "v{version}"',
            "",
            "remove milestone from [gates]",
        ),
    ),
    "open-blocker": (
        labelled,
        says(
            "release-tasks.toml", '"P0"', "", "remove P0 from [gates] blockers"
        ),
    ),
    "failing-gate": (
        settings('[gates]\nrun = ["test -e fixed.txt"]\n'),
        fixes("fix it"),
    ),
    "gate-leftovers": (
        settings('[gates]\nrun = ["touch coverage.xml"]\n'),
        says(
            ".gitignore",
            "__pycache__/",
            "__pycache__/\ncoverage.xml",
            "add it to .gitignore",
        ),
    ),
}


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    (tmp_path / "bin").mkdir()
    with tiny_project(tmp_path, monkeypatch, TINY) as tiny:
        # so that they are put back
        for name in ("TWINE_PASSWORD", "PYPI_API_TOKEN"):
            monkeypatch.setenv(name, os.environ.get(name, "pypi-not-a-secret"))
        monkeypatch.setenv(
            "PATH",
            os.pathsep.join(
                (
                    str(tmp_path / "bin"),
                    str(Path(sys.executable).parent),
                    os.environ["PATH"],
                )
            ),
        )
        yield Try(tiny)


def test_the_project_of_these_tests_has_no_finding(one: Try) -> None:
    assert one.found() == {}


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", WAYS)
def test_the_way_out_is_followed_to_the_letter_and_the_finding_is_gone(
    name: str, one: Try
) -> None:
    breaks, follow = WAYS[name]
    breaks(one)
    found = one.found()
    assert list(found) == [name]  # and nothing else
    follow(one, found[name])
    assert not one.still_finds(name)


@pytest.mark.tools("cargo")
def test_the_way_out_of_a_pin_that_cannot_be_kept_is_to_let_it_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_project(
        tmp_path, monkeypatch, PARTS | {"release-tasks.toml": KEEP}
    ) as two:
        one = Try(two, "abacus-core=0.6.27,abacus-py=0.6.13")
        assert "pin-refused" not in one.found()
        one.version = "abacus-core=0.7.0,abacus-py=0.6.13"
        assert one.found()["pin-refused"].startswith(
            'pins = { abacus-core = "follow" } in [components.abacus-py], or '
        )
        one.replace(
            "release-tasks.toml",
            'pins = { abacus-core = "keep" }',
            'pins = { abacus-core = "follow" }',
        )
        assert "pin-refused" not in one.found()


@pytest.mark.long
@pytest.mark.tools("cargo")
def test_components_that_are_kept_together_get_one_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"[project]\ntogether = true\n{KEEP}"
    with tiny_project(
        tmp_path, monkeypatch, PARTS | {"release-tasks.toml": settings}
    ) as two:
        one = Try(two, "abacus-core=0.6.27")
        found = one.found()
        fix = found["component-left-behind"]
        assert fix == "--version 0.6.27, which is for all components"
        one.version = fix.split()[1].rstrip(",")
        assert not one.still_finds("component-left-behind")
        # a level counts from the highest of both
        dry = two.inv("--dry", "bump", "--version", "patch")
        assert "set abacus-core 0.6.27 + abacus-py 0.6.27 in" in dry.stderr
        command, _, rest = one.found()["components-apart"].partition(" sets")
        assert (command, rest) == (
            "inv bump --version 0.6.27",
            " all; commit that",
        )
        one.type(f"{command} && git commit --quiet --all --message=Bump")
        assert not one.still_finds("components-apart")


def test_each_finding_has_a_test_of_its_way_out() -> None:
    tests = Path(__file__).parents[2]
    files = (
        *tests.glob("checks/preflight/test_*.py"),
        *tests.glob("checks/artifacts/test_*.py"),
    )
    others = [path.read_text() for path in files if path.stem not in UNFOLLOWED]
    assert [
        kind.name
        for kind in checks()
        if kind.name not in WAYS
        and not any(f'"{kind.name}"' in text for text in others)
    ] == []
