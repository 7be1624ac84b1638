#!/bin/sh
# Installs the tools that compare the endpoint with docs/openapi.yaml, and docs/openapi.yaml with the released one, into
# .tools/ (git-ignored): schemathesis and oasdiff.
# Does nothing where both are installed already. Fails with a message where one can't be installed.
set -eu

schemathesis_version=4.32.5
oasdiff_version=1.36.0
scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"
schemathesis="$tools/schemathesis/bin/schemathesis"
oasdiff="$tools/oasdiff"

fail() {
  echo "install-openapi-tools: $1" >&2
  exit 1
}

. "$scripts/debian.sh"

has_schemathesis() {
  [ "$("$schemathesis" --version 2>/dev/null | grep -o '[0-9.]*$')" = "$schemathesis_version" ]
}

install_schemathesis() {
  command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null ||
    apt_install "no python3 with venv" "Python 3.10 or later" python3-venv
  echo "Installing schemathesis $schemathesis_version ..."
  rm -rf "$tools/schemathesis"
  python3 -m venv "$tools/schemathesis" || fail "python3 could not make a virtual environment: its output is above"
  "$tools/schemathesis/bin/python" -m pip install --quiet --disable-pip-version-check \
    "schemathesis==$schemathesis_version" ||
    fail "pip could not install schemathesis $schemathesis_version: its output is above"
  has_schemathesis || fail "what pip installed is not schemathesis $schemathesis_version"
}

# A binary that `go install` built contains its module's version.
has_oasdiff() {
  go version -m "$oasdiff" 2>/dev/null | grep -q "github.com/oasdiff/oasdiff[[:space:]]v$oasdiff_version"
}

install_oasdiff() {
  command -v go >/dev/null || fail "no Go to build oasdiff $oasdiff_version with: install it"
  echo "Building oasdiff $oasdiff_version (a minute) ..."
  GOBIN="$tools" go install "github.com/oasdiff/oasdiff@v$oasdiff_version" ||
    fail "Go could not build oasdiff $oasdiff_version: its output is above"
  has_oasdiff || fail "what Go built is not oasdiff $oasdiff_version"
}

mkdir -p "$tools"
has_schemathesis || install_schemathesis
has_oasdiff || install_oasdiff
echo "schemathesis $schemathesis_version: $schemathesis"
echo "oasdiff $oasdiff_version: $oasdiff"
