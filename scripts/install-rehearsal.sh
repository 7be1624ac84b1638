#!/bin/sh
# Installs what the deployed stack's rehearsal needs beside Node, into .tools/ (git-ignored): MiniStack (an AWS on this
# machine), the aws command, cfn-lint, checkov, the Node that the function runs on, and a LiveKit server.
# Does nothing where it is there already; says what can't be had, and fails.
set -eu

scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"

fail() {
  echo "install-rehearsal: $1" >&2
  exit 1
}

. "$scripts/debian.sh"
. "$scripts/python.sh"

mkdir -p "$tools"
# cryptography is what MiniStack verifies and signs JWTs with.
python_tools "$tools/aws" ministack==1.5.33 cryptography==50.0.2 cfn-lint==1.58.0 awscli==1.46.3
# Apart from these: it asks for other versions of what they have in common.
python_tools "$tools/checkov" checkov==3.3.30
"$scripts/install-node-24.sh"
"$scripts/install-meeting-peers.sh"
echo "MiniStack 1.5.33: $tools/aws/bin/ministack"
