#!/bin/sh
# Installs the linters for .github/workflows/: actionlint and zizmor in .tools/ (git-ignored), and Debian's ShellCheck, which
# actionlint uses for the scripts in them.
# Does nothing where all are installed already. Fails with a message where one can't be installed.
set -eu

actionlint_version=1.7.12
zizmor_version=1.32.0
scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"
actionlint="$tools/actionlint"
zizmor="$tools/zizmor/bin/zizmor"

fail() {
  echo "install-workflow-linters: $1" >&2
  exit 1
}

. "$scripts/debian.sh"

is_actionlint() {
  [ -x "$actionlint" ] && "$actionlint" -version | grep -qF "$actionlint_version"
}

install_actionlint() {
  command -v go >/dev/null || fail "no actionlint $actionlint_version and no Go to build it with: install Go"
  echo "Building actionlint $actionlint_version ..."
  GOBIN="$tools" go install "github.com/rhysd/actionlint/cmd/actionlint@v$actionlint_version" ||
    fail "Go could not build actionlint $actionlint_version: its output is above"
  is_actionlint || fail "what Go built is not actionlint $actionlint_version"
}

is_zizmor() {
  [ "$("$zizmor" --version 2>/dev/null)" = "zizmor $zizmor_version" ]
}

install_zizmor() {
  command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null ||
    apt_install "no python3 with venv" "Python 3.11 or later" python3-venv
  echo "Installing zizmor $zizmor_version ..."
  rm -rf "$tools/zizmor"
  python3 -m venv "$tools/zizmor" || fail "python3 could not make a virtual environment: its output is above"
  "$tools/zizmor/bin/python" -m pip install --quiet --disable-pip-version-check "zizmor==$zizmor_version" ||
    fail "pip could not install zizmor $zizmor_version: its output is above"
  is_zizmor || fail "what pip installed is not zizmor $zizmor_version"
}

mkdir -p "$tools"
is_actionlint || install_actionlint
is_zizmor || install_zizmor
command -v shellcheck >/dev/null || apt_install "no shellcheck on the PATH" "ShellCheck" shellcheck
echo "actionlint $actionlint_version: $actionlint"
echo "zizmor $zizmor_version: $zizmor"
