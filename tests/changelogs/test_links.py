"""Link definitions: the address of a new version is made like that of the last one."""

from __future__ import annotations

import pytest

from release_tasks.changelogs import new_section
from release_tasks.changelogs.new_section import NewSection

HUB = "https://github.com/o/r"
LAB = "https://gitlab.com/o/r/-"
BUCKET = "https://bitbucket.org/o/r"
SERVER = "https://bb.example.org/projects/P/repos/r/compare/commits"
AZURE = "https://dev.azure.com/o/p/_git/r/branchCompare"
SOURCEHUT = "https://git.sr.ht/~o/r/log"
CGIT = "https://git.example.org/r/diff/"

# the addresses of Unreleased, 1.0.1 and 1.0.0; then those of Unreleased and 1.1.0, and the tag
COMPARED = (
    (
        (f"{HUB}/compare/v1.0.1...HEAD", f"{HUB}/compare/v1.0.0...v1.0.1"),
        (f"{HUB}/compare/v1.1.0...HEAD", f"{HUB}/compare/v1.0.1...v1.1.0"),
    ),
    (
        (f"{HUB}/compare/v1.0.1..main", f"{HUB}/compare/v1.0.0..v1.0.1"),
        (f"{HUB}/compare/v1.1.0..main", f"{HUB}/compare/v1.0.1..v1.1.0"),
    ),
    (
        (f"{HUB}/compare/v1.0.1...acme:main", f"{HUB}/compare/v1.0.0...v1.0.1"),
        (f"{HUB}/compare/v1.1.0...acme:main", f"{HUB}/compare/v1.0.1...v1.1.0"),
    ),
    (
        (
            f"{LAB}/compare/v1.0.1...main?straight=false",
            f"{LAB}/compare/v1.0.0...v1.0.1?straight=false",
        ),
        (
            f"{LAB}/compare/v1.1.0...main?straight=false",
            f"{LAB}/compare/v1.0.1...v1.1.0?straight=false",
        ),
    ),
    (
        (
            f"{BUCKET}/branches/compare/HEAD..v1.0.1#diff",
            f"{BUCKET}/branches/compare/v1.0.1..v1.0.0#diff",
        ),
        (
            f"{BUCKET}/branches/compare/HEAD..v1.1.0#diff",
            f"{BUCKET}/branches/compare/v1.1.0..v1.0.1#diff",
        ),
    ),
    (
        (
            f"{BUCKET}/branches/compare/main%0Dv1.0.1",
            f"{BUCKET}/branches/compare/v1.0.1%0Dv1.0.0",
        ),
        (
            f"{BUCKET}/branches/compare/main%0Dv1.1.0",
            f"{BUCKET}/branches/compare/v1.1.0%0Dv1.0.1",
        ),
    ),
    (
        (
            f"{SERVER}?targetBranch=refs%2Ftags%2Fv1.0.1&sourceBranch=refs%2Fheads%2Fmain",
            f"{SERVER}?targetBranch=refs%2Ftags%2Fv1.0.0&sourceBranch=refs%2Ftags%2Fv1.0.1",
        ),
        (
            f"{SERVER}?targetBranch=refs%2Ftags%2Fv1.1.0&sourceBranch=refs%2Fheads%2Fmain",
            f"{SERVER}?targetBranch=refs%2Ftags%2Fv1.0.1&sourceBranch=refs%2Ftags%2Fv1.1.0",
        ),
    ),
    (
        (
            f"{AZURE}?baseVersion=GTv1.0.1&targetVersion=GBmain",
            f"{AZURE}?baseVersion=GTv1.0.0&targetVersion=GTv1.0.1",
        ),
        (
            f"{AZURE}?baseVersion=GTv1.1.0&targetVersion=GBmain",
            f"{AZURE}?baseVersion=GTv1.0.1&targetVersion=GTv1.1.0",
        ),
    ),
    (
        (f"{SOURCEHUT}/v1.0.1..main", f"{SOURCEHUT}/v1.0.0..v1.0.1"),
        (f"{SOURCEHUT}/v1.1.0..main", f"{SOURCEHUT}/v1.0.1..v1.1.0"),
    ),
    (
        (f"{CGIT}?id=main&id2=v1.0.1", f"{CGIT}?id=v1.0.1&id2=v1.0.0"),
        (f"{CGIT}?id=main&id2=v1.1.0", f"{CGIT}?id=v1.1.0&id2=v1.0.1"),
    ),
)
PAGES = (
    # versions have pages, and only Unreleased is compared
    (
        (
            f"{HUB}/compare/v1.0.1...HEAD",
            f"{HUB}/releases/tag/v1.0.1",
            f"{HUB}/releases/tag/v1.0.0",
        ),
        (f"{HUB}/compare/v1.1.0...HEAD", f"{HUB}/releases/tag/v1.1.0"),
    ),
    (
        (f"{LAB}/tree/main", f"{LAB}/tags/v1.0.1", f"{LAB}/tags/v1.0.0"),
        (f"{LAB}/tree/main", f"{LAB}/tags/v1.1.0"),
    ),
    (
        (f"{HUB}/tree/HEAD", f"{HUB}/tree/v1.0.1"),
        (f"{HUB}/tree/HEAD", f"{HUB}/tree/v1.1.0"),
    ),
    (
        (
            "https://codeberg.org/o/r/src/branch/main",
            "https://codeberg.org/o/r/src/tag/v1.0.1",
        ),
        (
            "https://codeberg.org/o/r/src/branch/main",
            "https://codeberg.org/o/r/src/tag/v1.1.0",
        ),
    ),
    (
        (f"{HUB}/tree/main", f"{HUB}/archive/v1.0.1.tar.gz"),
        (f"{HUB}/tree/main", f"{HUB}/archive/v1.1.0.tar.gz"),
    ),
    (
        (f"{HUB}/tree/main", "https://crates.io/crates/r/1.0.1"),
        (f"{HUB}/tree/main", "https://crates.io/crates/r/1.1.0"),
    ),
)


def log(*addresses: str, form: str = "[{}]: {}") -> str:
    labels = ("Unreleased", "1.0.1", "1.0.0")
    defined = [
        form.format(*pair) for pair in zip(labels, addresses, strict=False)
    ]
    return (
        "## [Unreleased]\n\n- x\n\n## [1.0.1] - 2026-01-05\n\n- y\n\n## [1.0.0] - 2026-01-02\n\n"
        + "\n".join(defined)
        + "\n"
    )


def added(text: str, tag: str | None = "v1.1.0") -> str:
    """Return the text with 1.1.0, without its heading."""
    there = new_section.add(text, NewSection("1.1.0", "2026-03-09", tag))
    return there.replace("## [1.1.0] - 2026-03-09\n\n", "")


@pytest.mark.parametrize(("before", "after"), [*COMPARED, *PAGES])
def test_an_address_is_made_like_that_of_the_last_version(before, after):
    expected = log(after[0], "?", *before[2:]).replace(
        "[1.0.1]: ?", f"[1.1.0]: {after[1]}\n[1.0.1]: {before[1]}"
    )
    assert added(log(*before)) == expected


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("log/v{}", "log/v{}"),
        ("log/v{}", "log%2Fv{}"),
        ("log@{}", "log@{}"),
        ("@acme/log@{}", "%40acme/log%40{}"),
        ("release-{}", "release-{}"),
    ],
)
def test_a_tag_can_have_any_name(tag, written):
    old, older, new = (
        written.format(number) for number in ("1.0.1", "1.0.0", "1.1.0")
    )
    for repository in (
        HUB,
        "https://github.com/o/log",
        "https://github.com/o/compare",
    ):
        before = log(
            f"{repository}/compare/{old}...HEAD",
            f"{repository}/compare/{older}...{old}",
        )
        assert added(before, tag.format("1.1.0")) == before.replace(
            f"[Unreleased]: {repository}/compare/{old}...HEAD",
            f"[Unreleased]: {repository}/compare/{new}...HEAD\n"
            f"[1.1.0]: {repository}/compare/{old}...{new}",
        )


def test_a_project_that_changed_its_tags_compares_the_old_form_with_the_new_one():
    before = log(
        f"{HUB}/compare/r-1.0.1...HEAD", f"{HUB}/compare/r-1.0.0...r-1.0.1"
    )
    after = added(before, "v1.1.0")
    assert f"[Unreleased]: {HUB}/compare/v1.1.0...HEAD\n" in after
    assert f"[1.1.0]: {HUB}/compare/r-1.0.1...v1.1.0\n" in after


@pytest.mark.parametrize(
    "form", ["[{}]: <{}>", "  [{}]:   {}", '[{}]: {} "seen"']
)
def test_a_definition_is_written_like_the_last_one(form):
    before = log(
        f"{HUB}/compare/v1.0.1...HEAD",
        f"{HUB}/compare/v1.0.0...v1.0.1",
        form=form,
    )
    new = form.replace(' "seen"', "").format(
        "1.1.0", f"{HUB}/compare/v1.0.1...v1.1.0"
    )
    assert new in added(before).splitlines()


def test_definitions_that_begin_with_the_oldest_continue_at_their_end():
    before = "## 1.0.1\n\n## 1.0.0\n\n[1.0.0]: {0}/tree/v1.0.0\n[1.0.1]: {0}/tree/v1.0.1\n"
    assert added(before.format(HUB)).endswith(
        f"[1.0.1]: {HUB}/tree/v1.0.1\n[1.1.0]: {HUB}/tree/v1.1.0\n"
    )


@pytest.mark.parametrize(
    ("addresses", "label"),
    [
        (
            (f"{HUB}/compare/v1.0.1...v1.1.0-dev", f"{HUB}/tree/v1.0.1"),
            "Unreleased",
        ),
        (
            ("https://example.org/since?version=1.0.1", f"{HUB}/tree/v1.0.1"),
            "Unreleased",
        ),
        ((f"{HUB}/tree/main", f"{HUB}/milestone/12"), "Unreleased"),
    ],
)
def test_an_address_of_an_unknown_form_stays_and_is_named(addresses, label):
    before = log(*addresses)
    assert added(before) == before
    left = new_section.link_left(
        before, NewSection("1.1.0", "2026-03-09", "v1.1.0")
    )
    assert left is not None
    assert left.label == label
