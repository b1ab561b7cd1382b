"""Every help text of the product is typed by a test, or has a reason why none types it.

Findings of `inv check` have the same in tests/checks/preflight/test_fixes.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helps import (
    test_built,
    test_commands,
    test_projects,
    test_settings,
    test_texts,
)
from support.help_texts import places

pytestmark = pytest.mark.quick
TESTS = Path(__file__).parents[1]
FOLLOWED_IN = {  # file and function: the test file that follows its help to the letter
    "building/binaries.py:_conflicts": "steps/test_build_binaries.py",
    "building/charts.py:_packed": "steps/test_package_charts.py",
    "building/papers.py:_inside": "security/test_links_and_names.py",
    "building/edge.py:_state": "steps/test_edge_images.py",
    "bumping/commit.py:_commit": "bumping/test_commit.py",
    "bumping/file_edits.py:_refuse_two_versions": "checks/preflight/test_fixes.py",
    "bumping/pins.py:_kept_pin_error": "checks/preflight/test_fixes.py",
    "bumping/pins.py:_shared_version_errors": "bumping/test_pins.py",
    "bumping/together.py:left_behind": "checks/preflight/test_fixes.py",
    "bumping/version_copies.py:relative": "bumping/test_file_edits.py",
    "bumping/version_files.py:_refuse_untracked": "project/test_found_versions.py",
    "project/discovery.py:_refuse_untracked": "security/test_links_and_names.py",
    "channels/charts.py:_collision": "channels/test_charts.py",
    "channels/git.py:no_tag": "channels/test_git.py",
    "channels/git.py:not_on_release_branch": "checks/preflight/test_fixes.py",
    "channels/git.py:release_branch": "checks/preflight/test_fixes.py",
    "channels/git.py:state": "checks/preflight/test_fixes.py",
    "channels/git_runs.py:_never_began": "checks/preflight/test_fixes.py",
    "channels/git_runs.py:commit_checks": "checks/preflight/test_fixes.py",
    "channels/git_runs.py:failures": "checks/preflight/test_fixes.py",
    "channels/git_runs.py:missing": "channels/test_git_runs.py",
    "channels/github_assets.py:unfit_assets": "checks/artifacts/test_declared.py",
    "channels/pypi.py:credentials": "checks/preflight/test_fixes.py",
    "channels/sign_off.py:_refusals": "commands/test_sign_off.py",
    "checks/artifacts/binaries.py:_run": "checks/artifacts/test_binaries.py",
    "checks/artifacts/binaries.py:missing_license": "checks/artifacts/test_binaries.py",
    "checks/artifacts/binaries.py:newer_glibc": "checks/artifacts/test_binaries.py",
    "checks/artifacts/binaries.py:not_static": "checks/artifacts/test_binaries.py",
    "checks/artifacts/binaries.py:wrong_machine": "checks/artifacts/test_binaries.py",
    "checks/artifacts/declared.py:_missing": "checks/artifacts/test_declared.py",
    "checks/artifacts/declared.py:broken_file": "checks/artifacts/test_declared.py",
    "checks/artifacts/declared.py:file_twice": "checks/artifacts/test_declared.py",
    "checks/artifacts/declared.py:undeclared_file": "checks/artifacts/test_declared.py",
    "checks/artifacts/followed_links.py:_followed": "security/test_links_and_names.py",
    "checks/artifacts/images.py:image_does_not_start": "checks/artifacts/test_images.py",
    "checks/artifacts/images.py:label_mismatch": "checks/artifacts/test_images.py",
    "checks/artifacts/images.py:missing_platform": "checks/artifacts/test_images.py",
    "checks/artifacts/incoming.py:_broken": "commands/test_collect.py",
    "checks/artifacts/incoming.py:_conflict": "commands/test_collect.py",
    "checks/artifacts/incoming.py:_rejection": "commands/test_collect.py",
    "checks/artifacts/wheels.py:missing_module": "checks/artifacts/test_wheels.py",
    "checks/artifacts/wheels.py:outdated_requirement": "checks/artifacts/test_wheels.py",
    "checks/artifacts/wheels.py:refused_by_pypi": "checks/artifacts/test_wheels.py",
    "checks/artifacts/wheels.py:stale_record": "checks/artifacts/test_wheels.py",
    "checks/artifacts/wheels.py:stray_file": "checks/artifacts/test_wheels.py",
    "checks/artifacts/wheels.py:tag_mismatch": "checks/artifacts/test_wheels.py",
    "checks/smoke/package.py:look": "commands/test_try_artifacts.py",
    "checks/smoke/package.py:not_installed": "commands/test_try_artifacts.py",
    "commands/promote.py:promote": "commands/test_retag.py",
    "commands/downstream.py:_tables": "commands/test_downstream.py",
    "commands/generate_ci.py:_gitlab": "pipelines/test_gitlab.py",
    "commands/metrics.py:_seconds": "commands/test_metrics.py",
    "commands/sign_off.py:_check_words": "commands/test_sign_off.py",
    "commands/watch.py:_explain": "commands/test_watch.py",
    "commands/watch.py:_never_began": "commands/test_watch.py",
    "commands/watch.py:_until_ended": "commands/test_watch.py",
    "converge.py:unconfirmed_names": "checks/preflight/test_fixes.py",
    "dist.py:file_of": "checks/artifacts/test_declared.py",
    "downstream/edits.py:_look_listed": "downstream/test_edits.py",
    "downstream/proposal.py:_check_out_base": "commands/test_downstream.py",
    "downstream/proposal.py:of": "commands/test_downstream.py",
    "errors.py:of_disk": "helps/test_projects.py",
    "pipelines/gitlab_jobs.py:_machine": "pipelines/test_gitlab.py",
    "pipelines/job_settings.py:refuse_foreign_targets": "pipelines/test_workflow.py",
    "project/component_version.py:_several": "project/test_components.py",
    "project/crates.py:_refuse_unknown": "helps/test_settings.py",
    "project/model.py:github_repository": "helps/test_projects.py",
    "rollback/tags.py:_write_mark": "commands/test_rollback.py",
    "tools/cargo/__init__.py:in_order": "steps/test_package_crates.py",
    "tools/cargo/__init__.py:metadata": "project/test_cargo_folder.py",
    "tools/cargo/verify.py:_does_not_compile": "steps/test_package_crates.py",
    "tools/cargo/verify.py:_writes_source": "steps/test_package_crates.py",
    "tools/git/whole.py:_fetched": "tools/test_whole.py",
}
AGAIN = "the same command once more: tests of http and of interruptions run it"
STEP = (
    "one command of ours, whose own tests run it where it has something to do"
)
NEXT = "another version, which is what every test of a release asks for"
SERVICE = (
    "done on the page of a service, by somebody who may; no local one has it"
)
LOGIN = "a login of the user: every publishing test has one, and fails without"
MACHINE = (
    "installs a program or leads to another machine; doctor's tests install"
)
JUDGED = "somebody has to look at it and decide"
GUARD = (
    "nothing that a user writes leads there: the fuzzer reads all that it can"
)
NOT_TYPED = {
    AGAIN: (
        "building/edge.py:wrong",
        "channels/crates_index.py:_not_an_index",
        "channels/crates_index.py:commit_of",
        "channels/crates_io.py:_wait_until",
        "channels/git_runs.py:not_green",
        "channels/github_draft.py:concurrent_upload",
        "channels/oci_registry.py:tags",
        "channels/pypi.py:_page",
        "commands/release.py:carry_out",
        "dist.py:lock",
        "http.py:_answer",
        "http.py:_unexpected",
        "http.py:get_pages",
        "http.py:json",
        "tasks.py:__call__",
        "terminal.py:wait_for",
        "tools/git/worktree.py:at",
    ),
    STEP: (
        "building/binaries.py:_check_version",
        "building/bundles.py:_program",
        "building/crates.py:_refusals",
        "building/edge.py:_push",
        "building/images.py:_copy_binaries",
        "bumping/commit.py:_check_written",
        "channels/charts.py:_file",
        "channels/crates_upload.py:_mismatch",
        "channels/crates_upload.py:_mismatches",
        "channels/github.py:move",
        "channels/github_assets.py:remove_extra_assets",
        "channels/image_pointers.py:move",
        "channels/images.py:_push",
        "channels/pypi.py:_incomplete_packages",
        "checks/published/all.py:_absent",
        "checks/published/all.py:_pointers",
        "checks/published/assets.py:_assets",
        "checks/published/assets.py:_compare",
        "checks/published/assets.py:verify",
        "checks/published/images.py:_image",
        "checks/published/installers.py:_verify",
        "commands/status.py:require_public",
        "commands/collect.py:collect",
        "commands/generate_ci.py:generate_ci",
        "commands/init.py:_require_tracked_files",
        "commands/promote.py:_require_finished",
        "commands/rehearse.py:rehearse",
        "commands/retag.py:refuse_public",
        "commands/rollback.py:_is_confirmed",
        "commands/rollback.py:_refuse_unfinished",
        "commands/sign_off.py:_page",
        "commands/sign_off.py:_refuse_public",
        "commands/untag.py:_refuse",
        "commands/untag.py:untag",
        "converge.py:untagged",
        "project/tags.py:manifest_version",
        "project/tags.py:refusal",
        "release.py:version_mismatches",
        "steps/publish_images.py:_publish_edge",
    ),
    NEXT: (
        "channels/crates_io.py:_missing",
        "checks/published/charts.py:_images",
        "checks/published/charts.py:_versions",
        "checks/published/charts.py:verify",
        "checks/published/crates.py:_problem",
        "checks/smoke/image.py:_in_chroot",
        "checks/smoke/image.py:_in_docker",
        "checks/smoke/program.py:check_version_output",
        "commands/promote.py:_push_tag",
        "converge.py:refusals",
        "project/version_levels.py:_suggested",
        "project/version_levels.py:_version",
        "tools/twine.py:explained",
    ),
    SERVICE: (
        "tools/outages.py:explain",
        "channels/crates_io.py:not_for_jobs",
        "channels/job_token.py:_mint",
        "channels/job_token.py:identity",
        "channels/oci_registry.py:_unexpected",
        "channels/oci_registry.py:blob",
        "tools/gh/__init__.py:_not_json",
        "channels/pypi.py:_explained",
        "checks/published/images.py:_missing_blobs",
        "rollback/containers.py:_delete_on_ghcr",
        "rollback/containers.py:versions",
        "tools/cargo/publish.py:explain",
        "tools/cargo/yank.py:yank",
    ),
    LOGIN: (
        "channels/crates_io.py:no_token",
        "channels/github.py:credentials",
        "channels/github_draft.py:unreadable_drafts",
        "channels/images.py:_missing_secrets",
        "channels/oci_registry.py:_authorizations",
        "channels/oci_registry.py:_read",
        "channels/oci_registry.py:missing_logins",
        "tools/docker/login.py:_ask_helper",
        "tools/gh/__init__.py:_read_anonymously",
        "tools/gh/__init__.py:generated_notes",
        "tools/gh/__init__.py:releases",
        "tools/gh/__init__.py:text",
        "tools/gh/refusals.py:explain",
    ),
    MACHINE: (
        "building/image_checks.py:untestable",
        "building/targets.py:unlinkable",
        "building/wheels.py:_refusal",
        "tools/docker/__init__.py:build",
        "tools/docker/__init__.py:require",
        "tools/docker/buildkit.py:_wait",
        "tools/docker/buildkit.py:refusal",
        "tools/git/worktree.py:_join",
        "tools/go.py:_download",
        "tools/go.py:_machine",
        "tools/programs.py:install",
        "tools/programs.py:outdated",
        "tools/rustc.py:_compiler",
        "tools/rustc.py:_no_linker",
        "tools/rustc.py:_variables",
        "tools/rustc.py:host",
        "tools/rustup.py:missing_toolchain",
    ),
    GUARD: (
        "bumping/bump.py:_check",
        "manifests/toml_values.py:spans",
    ),
    JUDGED: (
        "building/bundles.py:_check_sign_off",
        "building/downloads.py:fetch",
        "bumping/commit.py:_refused",
        "channels/__init__.py:foreign_pointer",
        "channels/github_draft.py:_refuse_other_commit",
        "channels/oci_registry.py:_refuse_realm",
        "commands/metrics.py:metrics",
        "commands/milestone.py:_refuse_open",
        "commands/rehearse.py:_status",
        "dist.py:inventory",
        "downstream/edits.py:_check",
        "downstream/locks.py:_unresolved",
        "downstream/proposal.py:_test",
        "downstream/proposal.py:carry_out",
        "files.py:_not_written",
        "rehearsal/server.py:_listening",
        "shell.py:_took_too_long",
        "rollback/plan.py:_refuse_untagged",
        "tools/gh/pages.py:chosen",
        "tools/git/origin.py:fetch_commit",
        "tools/git/origin.py:refs",
    ),
}


def typed() -> set[str]:
    """Return the places whose help is typed by the tables of this folder."""
    rows = [row for _, row in test_texts.ROWS]
    rows += test_settings.READ + test_settings.FOUND
    cases = [*test_projects.CASES, *test_commands.CASES, *test_built.CASES]
    return {one.place for one in (*rows, *cases)}


def with_reason() -> list[str]:
    return [place for listed in NOT_TYPED.values() for place in listed]


def test_every_help_is_typed_or_has_a_reason() -> None:
    known = typed() | FOLLOWED_IN.keys() | set(with_reason())
    assert places().keys() - known == set()


def test_no_row_is_for_a_help_that_is_gone_or_typed() -> None:
    made = places().keys()
    listed = [*FOLLOWED_IN, *with_reason()]
    assert set(listed) - made == set()
    assert len(listed) == len(set(listed))
    assert set(listed) & typed() == set()


@pytest.mark.parametrize("name", sorted(set(FOLLOWED_IN.values())))
def test_the_test_that_follows_a_help_is_there(name: str) -> None:
    assert (TESTS / name).is_file()
