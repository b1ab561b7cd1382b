"""Which files go into an archive beside a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from release_tasks.building.papers import is_license, licenses_of
from release_tasks.project.model import Crate, Project
from release_tasks.project.settings import Settings
from release_tasks.tools.cargo import Workspace


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("LICENSE", True),
        ("LICENCE.md", True),
        ("License.txt", True),
        ("LICENSE-MIT", True),
        ("LICENSE_APACHE-2.0.txt", True),
        ("LICENSES/MIT.txt", True),
        ("licenses/Apache-2.0.txt", True),
        ("LICENSES", True),
        ("UNLICENSE", True),
        ("UNLICENSE.txt", True),
        ("COPYING", True),
        ("COPYING.LESSER", True),
        ("COPYRIGHT", True),
        ("MIT-LICENSE.txt", True),
        ("THIRD-PARTY-LICENSES.html", True),
        ("OFL.txt", True),
        ("EULA.md", True),
        ("README.md", False),
        ("license.rs", False),
        ("check-license.sh", False),
        ("licensed-crates.json", False),
        ("docs/LICENSE", False),
        ("LICENSES/deep/MIT.txt", False),
        ("src/license.txt", False),
    ],
)
def test_a_license_is_known_by_its_name_or_folder(
    path: str, is_one: bool
) -> None:
    assert is_license(path) is is_one


@pytest.mark.parametrize(
    ("files", "declared", "wanted"),
    [
        (("LICENSE", "one/src/lib.rs"), None, ["LICENSE"]),
        (
            ("UNLICENSE", "one/LICENSE-MIT"),
            None,
            ["UNLICENSE", "one/LICENSE-MIT"],
        ),
        (
            ("one/LICENSES/MIT.txt", "two/LICENSE"),
            None,
            ["one/LICENSES/MIT.txt"],
        ),
        (("legal/terms.txt",), "../legal/terms.txt", ["legal/terms.txt"]),
        (("one/terms.txt",), "terms.txt", ["one/terms.txt"]),
        (("two/LICENSE", "README.md"), None, []),
    ],
)
def test_the_licenses_of_a_crate_are_the_projects_and_its_own(
    files: tuple[str, ...], declared: str | None, wanted: list[str]
) -> None:
    root = Path("/project")
    crate = Crate("one", "0.1.0", root / "one")
    workspace = Workspace((), root, False, {"one": {"license_file": declared}})
    project = Project(
        root,
        Settings(),
        "project",
        None,
        (),
        crates=(crate,),
        files=files,
        workspace=workspace,
    )
    assert licenses_of(project, "one") == wanted
