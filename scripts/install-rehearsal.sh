#!/bin/sh
# Installs what the deployed stack's rehearsal needs in addition to Node, into .tools/ (git-ignored): MiniStack (an AWS on this
# machine), the aws command, cfn-lint, checkov, the Node that the function runs on, and a LiveKit server.
# Does nothing where all is installed already. Fails with a message where something can't be installed.
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
# MiniStack verifies and signs JWTs with cryptography.
python_tools "$tools/aws" ministack==1.5.33 cryptography==50.0.2 cfn-lint==1.58.0 awscli==1.46.3
# In a separate environment: it needs other versions of their common dependencies.
python_tools "$tools/checkov" checkov==3.3.30
"$scripts/install-node-24.sh"
"$scripts/install-meeting-peers.sh"
echo "MiniStack 1.5.33: $tools/aws/bin/ministack"
