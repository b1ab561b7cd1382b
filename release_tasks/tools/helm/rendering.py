"""Which charts helm cannot render as they are, and is right: they need values, or a cluster."""

from __future__ import annotations

import re

# `required` and `fail`, values.schema.json, `type: library`, and `kubeVersion` (helm 3.22)
_BY_DESIGN = re.compile(
    r"execution error at|values don't meet the specifications of the schema"
    r"|library charts are not installable|is incompatible with Kubernetes"
)


def needs_more(output: str) -> str:
    """Return why helm needs values or a cluster for a chart, by what it printed; else ""."""
    if not _BY_DESIGN.search(output):
        return ""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        if _BY_DESIGN.search(line):
            following = lines[index + 2 : index + 3] if line.endswith(":") else []
            shown = line.removeprefix("Error: ").removeprefix("[ERROR] templates/: ")
            return " ".join([shown, *following])
    return ""
