"""Which answers of helm mean that a chart needs values or a cluster (as helm 3.22 prints them)."""

from __future__ import annotations

import pytest

from release_tasks.tools.helm.rendering import needs_more

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
            "Error: chart requires kubeVersion: <1.20 which is incompatible with Kubernetes v1.34",
            "chart requires kubeVersion: <1.20 which is incompatible with Kubernetes v1.34",
        ),
        ("Error: template: a/b.yaml:1:13: nil pointer evaluating interface {}.y", ""),
        ("Error: YAML parse error on app/templates/a.yaml: error converting YAML", ""),
    ],
)
def test_why_helm_renders_nothing(output: str, reason: str) -> None:
    assert needs_more(output) == reason
