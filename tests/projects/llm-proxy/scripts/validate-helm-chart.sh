#!/bin/sh
# Lint the chart with a database chart beside it, in a copy, so that nothing is left in the tree.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R "$(dirname "$0")/../deploy/helm/." "$copy"
helm dependency build "$copy/llm-proxy"
helm lint "$copy/llm-proxy"
