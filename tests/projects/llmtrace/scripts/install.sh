#!/bin/sh
# Installs the program of a release; LLMTRACE_VERSION chooses one, else the newest.
set -eu
version=${LLMTRACE_VERSION:-latest}
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) asset=llmtrace-proxy-linux-amd64 ;;
  Darwin-arm64) asset=llmtrace-proxy-macos-arm64 ;;
  *) echo "no program for this machine" >&2; exit 1 ;;
esac
echo "$version $asset"
