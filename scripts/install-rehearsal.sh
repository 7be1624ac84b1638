#!/bin/sh
# Installs what the deployed stack's rehearsal needs beside Node, into .tools/ (git-ignored): MiniStack (an AWS on this
# machine), the aws command, cfn-lint, the Node that the function runs on, and a LiveKit server.
# Does nothing where it is there already; says what can't be had, and fails.
set -eu

scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"
python="$tools/aws/bin/python"
# cryptography is what MiniStack verifies and signs JWTs with.
packages="ministack==1.5.33 cryptography==50.0.2 cfn-lint==1.58.0 awscli==1.46.3"

fail() {
  echo "install-rehearsal: $1" >&2
  exit 1
}

. "$scripts/debian.sh"

# Written last, so that an installation that broke off is begun anew.
is_installed() {
  [ -x "$python" ] && [ "$(cat "$tools/aws/installed" 2>/dev/null)" = "$packages" ]
}

install_python_packages() {
  command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null ||
    apt_install "no python3 with venv" "Python 3.11 or later" python3-venv
  echo "Installing MiniStack, the aws command and cfn-lint ..."
  rm -rf "$tools/aws"
  python3 -m venv "$tools/aws" || fail "python3 could not make a virtual environment: its output is above"
  # shellcheck disable=SC2086 # one word a package
  "$python" -m pip install --quiet --disable-pip-version-check $packages ||
    fail "pip could not install $packages: its output is above"
  echo "$packages" >"$tools/aws/installed"
}

mkdir -p "$tools"
is_installed || install_python_packages
"$scripts/install-node-24.sh"
"$scripts/install-meeting-peers.sh"
echo "MiniStack 1.5.33: $tools/aws/bin/ministack"
