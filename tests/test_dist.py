"""dist/<tag>/: parts merge into one inventory, and one process at a time uses it."""

from __future__ import annotations

import json
import threading

import pytest
from support.tiny_project import TinyProject

from release_tasks import dist, http
from release_tasks.dist import Built
from release_tasks.errors import ReleaseError
from release_tasks.release import ComponentRelease


@pytest.fixture
def part(tiny: TinyProject) -> ComponentRelease:
    return tiny.release("0.2.0").parts[0]


def built_file(
    tiny: TinyProject, name: str, text: str = "bytes", kind: str = "wheel"
) -> Built:
    release = tiny.release("0.2.0")
    path = dist.folder(release.parts[0]) / name
    path.write_text(text)
    return dist.describe(release, release.parts[0], kind, path, target="here")


def test_git_ignores_dist(tiny: TinyProject, part: ComponentRelease) -> None:
    dist.record(part, "build_wheels", [built_file(tiny, "a.whl")])
    assert tiny.git("status", "--porcelain", "--untracked-files=all") == ""


def test_parts_of_several_steps_and_targets_are_one_inventory(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    a, b = built_file(tiny, "a.whl"), built_file(tiny, "b", kind="binary")
    dist.record(part, "build_wheels", [a], target="x86_64")
    dist.record(part, "build_binaries", [b])
    assert set(dist.inventory(part)) == {a, b}
    assert dist.of_kind(part, "binary", "sha256") == (b,)
    assert sorted(path.name for path in (part.dist / "parts").iterdir()) == [
        "build_binaries.json",
        "build_wheels-x86_64.json",
    ]
    release = tiny.release("0.2.0")
    data = json.loads(dist.write_inventory(release, part).read_text())
    assert [row["name"] for row in data["files"]] == ["b", "a.whl"]
    assert data["files"][1]["size"] == 5
    assert data["commit"] == release.commit


def test_a_file_that_is_built_again_replaces_every_line_about_it(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    dist.record(
        part,
        "build_wheels",
        [built_file(tiny, "a.whl"), built_file(tiny, "b.whl")],
    )
    dist.write_inventory(tiny.release("0.2.0"), part)
    again = built_file(tiny, "a.whl", "other bytes")
    dist.record(part, "build_wheels", [again], target="elsewhere")
    assert {row.name: row.sha256 for row in dist.inventory(part)}[
        "a.whl"
    ] == again.sha256
    assert len(dist.inventory(part)) == 2


def test_two_parts_that_disagree_are_an_error(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    dist.record(part, "build_wheels", [built_file(tiny, "a.whl")])
    here = part.dist / "parts" / "build_wheels.json"
    (here.parent / "build_wheels-other.json").write_text(
        here.read_text().replace('"sha256": "', '"sha256": "0')
    )
    with pytest.raises(
        ReleaseError,
        match=r"two parts of v0\.2\.0 disagree about the wheel a\.whl",
    ):
        dist.inventory(part)


@pytest.mark.parametrize(
    "text", ["{", "[1]", '[{"kind": "wheel"}]', '{"no": "files"}']
)
def test_a_part_that_is_not_an_inventory_is_an_error(
    part: ComponentRelease, text: str
) -> None:
    path = dist.folder(part) / "parts" / "x.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ReleaseError, match="is not an inventory") as caught:
        dist.inventory(part)
    assert caught.value.fix == f"rm {path}"


def test_a_file_that_was_changed_after_its_build_is_refused(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    row = built_file(tiny, "a.whl")
    assert dist.file_of(part, row) == part.dist / "a.whl"
    (part.dist / "a.whl").write_text("changed")
    with pytest.raises(ReleaseError, match=r"a\.whl was changed in dist/"):
        dist.file_of(part, row)
    (part.dist / "a.whl").unlink()
    assert dist.file_of(part, row) is None


def test_files_that_were_built_from_another_commit_are_removed(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    dist.record(part, "build_wheels", [built_file(tiny, "a.whl")])
    dist.discard_stale_build(tiny.release("0.2.0"), part)
    assert (part.dist / "a.whl").exists()
    tiny.commit("fix.txt")
    dist.discard_stale_build(tiny.release("0.2.0"), part)
    assert [path.name for path in part.dist.iterdir()] == []


def test_an_inventory_from_elsewhere_removes_files_that_disagree_with_it(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    dist.record(
        part,
        "build_wheels",
        [built_file(tiny, "a.whl"), built_file(tiny, "b.whl")],
    )
    theirs = dist.summed(tiny.release("0.2.0"), part)
    dist.record(
        part, "build_wheels", [built_file(tiny, "a.whl", "other bytes")]
    )
    dist.replace_inventory(part, theirs)
    assert {row.name for row in dist.inventory(part)} == {"a.whl", "b.whl"}
    assert not (part.dist / "a.whl").exists()
    assert (part.dist / "b.whl").exists()


def test_steps_side_by_side_lose_no_line(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    rows = [built_file(tiny, f"{number}.whl") for number in range(24)]
    dist.record(part, "build_wheels", rows)
    dist.write_inventory(tiny.release("0.2.0"), part)
    stop = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(len(dist.inventory(part)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        http.get_many(
            lambda row: dist.record(part, "again", [row], target=row.name), rows
        )
    finally:
        stop.set()
        reader.join()
    assert len(dist.inventory(part)) == 24
    assert set(seen) == {24}


def test_the_lock_is_kept_until_the_process_ends(
    tiny: TinyProject, part: ComponentRelease
) -> None:
    import fcntl

    dist.lock(tiny.release("0.2.0"))
    dist.lock(tiny.release("0.2.0"))
    with (
        (part.dist / ".lock").open("w") as file,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
