"""The table of kinds agrees with the settings, the components, the channels and the steps."""

from __future__ import annotations

from dataclasses import fields
from importlib.util import find_spec

import pytest

from release_tasks.project.kinds import (
    KINDS,
    NAMED,
    Asset,
    FileKind,
    Kind,
    of_asset,
    outputs,
)
from release_tasks.project.model import Component
from release_tasks.project.settings import ComponentTable, Settings

EACH_KIND = pytest.mark.parametrize(
    "kind", KINDS, ids=[kind.name for kind in KINDS]
)


@EACH_KIND
def test_a_kind_has_a_settings_table_and_an_attribute_of_components(
    kind: Kind,
) -> None:
    assert kind.name in Settings.__struct_fields__
    assert kind.name in {field.name for field in fields(Component)}


@EACH_KIND
def test_a_component_names_what_is_not_made_of_something_else(
    kind: Kind,
) -> None:
    assert (kind in NAMED) == (kind.name in ComponentTable.__struct_fields__)


@EACH_KIND
def test_the_channel_and_the_step_of_a_kind_exist(kind: Kind) -> None:
    assert find_spec(f"release_tasks.channels.{kind.channel}")
    assert find_spec(f"release_tasks.steps.{kind.step.replace('-', '_')}")


def test_every_file_in_dist_but_a_checksum_is_the_output_of_one_kind() -> None:
    made = [output.kind for output in outputs()]
    assert sorted(made) == sorted(set(FileKind) - {FileKind.SHA256})


def test_every_asset_is_an_output_or_about_other_files() -> None:
    about_others = {Asset.SHA256, Asset.SHA256SUMS, Asset.INVENTORY}
    assert {word for word in Asset if of_asset(word) is None} == about_others
