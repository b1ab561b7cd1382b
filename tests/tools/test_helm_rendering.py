"""Which answers of helm mean that a chart needs values or a cluster (as helm 3.22 prints them)."""

from __future__ import annotations

import pytest

from release_tasks.tools.helm.rendering import kubernetes_for, needs_more

SCHEMA = (
    "Error: values don't meet the specifications of the schema(s) in the following chart(s):\n"
    "sch:\n- at '': missing property 'host'\n"
)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "Error: execution error at (app/templates/a.yaml:1:6): say who\n\nUse --debug",
            "execution error at (app/templates/a.yaml:1:6): say who",
        ),
        (
            "Error: library charts are not installable\n",
            "library charts are not installable",
        ),
        (
            SCHEMA,
            "values don't meet the specifications of the schema(s) in the following chart(s): "
            "- at '': missing property 'host'",
        ),
        (
            "Error: template: a/b.yaml:1:13: nil pointer evaluating interface {}.y",
            "",
        ),
        (
            "Error: YAML parse error on app/templates/a.yaml: error converting YAML",
            "",
        ),
    ],
)
def test_why_helm_renders_nothing(output: str, reason: str) -> None:
    assert needs_more(output) == reason


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("<1.20", "1.19.0"),
        ("<1.20.0-0", "1.19.0"),
        (">=1.99.0-0", "1.99.0"),
        (">1.99", "1.100.0"),
        ("~1.28", "1.28.0"),
        ("^1.40.5", "1.40.5"),
        ("1.25 - 1.27", "1.25.0"),
        (">= 1.19.0 < 1.22.0 || >= 1.40", "1.19.0"),
        ("not a range", ""),
        (">=1.30 <1.20", ""),
        ("", ""),
    ],
)
def test_a_range_of_kubernetes_is_a_reason_where_a_version_is_in_it(
    wanted: str, version: str
) -> None:
    fact = f"chart requires kubeVersion: {wanted} which is incompatible with Kubernetes"
    output = f"Error: {fact} v1.34.0\n\nUse --debug"
    assert kubernetes_for(output) == version
    assert needs_more(output) == (fact if version else "")
