#!/bin/sh
# Builds AWS's own runtime client, which loads and calls functions in Lambda's Node runtime, and the Node that it runs on
# there, into .tools/ (git-ignored). Linux only; takes a minute.
# Does nothing where both are installed already. Fails with a message where one can't be installed.
set -eu

version=4.0.2
scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"
runtime="$tools/lambda-runtime"
client="$runtime/node_modules/aws-lambda-ric"
node="$tools/node24"

fail() {
  echo "install-lambda-runtime: $1" >&2
  exit 1
}

. "$scripts/debian.sh"

# Its native part is built last, so an interrupted installation starts again.
is_installed() {
  [ -f "$client/rapid-client.node" ] &&
    [ "$(node -p 'require(process.argv[1]).version' "$client/package.json" 2>/dev/null)" = "$version" ]
}

build_client() {
  for tool in cmake make g++ python3 xz; do
    command -v "$tool" >/dev/null || {
      apt_install "no $tool" "cmake, make, g++, python3 and xz" cmake make g++ python3 xz-utils
      break
    }
  done
  echo "Building AWS's runtime client $version (a minute) ..."
  rm -rf "$runtime"
  mkdir -p "$runtime"
  log="$runtime/build.log"
  # Node's headers come with its package: node-gyp would download them.
  headers="$(dirname "$(readlink -f "$node/bin")")"
  # Its install scripts build it, and npm runs them only if they are allowed.
  echo '{ "private": true, "allowScripts": { "aws-lambda-ric": true } }' >"$runtime/package.json"
  PATH="$node/bin:$PATH" npm_config_nodedir="$headers" npm install --no-audit --no-fund --no-save --no-package-lock \
    --prefix "$runtime" "aws-lambda-ric@$version" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "npm could not build aws-lambda-ric@$version: the end of its output is above, all of it in $log"
  }
  is_installed || fail "npm built no aws-lambda-ric $version: its output is in $log"
}

[ "$(uname -s)" = Linux ] || fail "AWS's runtime client runs only on Linux, and this is $(uname -s)"
"$scripts/install-node-24.sh"
is_installed || build_client
echo "AWS's runtime client $version: $client"
