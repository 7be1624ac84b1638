#!/bin/sh
# Installs what a meeting needs in addition to Node: a LiveKit server and LiveKit's Python SDK in .tools/ (git-ignored), and Debian's
# Chromium.
# Does nothing where all are installed already. Fails with a message where one can't be installed.
set -eu

version=1.13.5
python_sdk=livekit==1.2.1
scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"
server="$tools/livekit-server"
python="$tools/livekit-python/bin/python"

fail() {
  echo "install-meeting-peers: $1" >&2
  exit 1
}

. "$scripts/debian.sh"

is_right_server() {
  [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "livekit-server version $version" ]
}

# The Go module's command is called "server", so `go install` leaves a file of this name in its folder.
go_folders() {
  if command -v go >/dev/null; then
    go env GOBIN
    echo "$(go env GOPATH)/bin"
  fi
}

link_existing_server() {
  for candidate in "$(command -v livekit-server || true)" $(go_folders | sed '/^$/d; s|$|/server|'); do
    if is_right_server "$candidate"; then
      ln -sf "$candidate" "$server"
      return 0
    fi
  done
  return 1
}

build_server() {
  command -v go >/dev/null || fail "no livekit-server $version and no Go to build it with: install either"
  echo "Building livekit-server $version (some minutes) ..."
  GOBIN="$tools" go install "github.com/livekit/livekit-server/cmd/server@v$version" ||
    fail "Go could not build livekit-server $version: its output is above"
  mv -f "$tools/server" "$server"
  is_right_server "$server" || fail "what Go built is not livekit-server $version"
}

has_python_sdk() {
  [ "$("$python" -m pip freeze 2>/dev/null | grep '^livekit==')" = "$python_sdk" ]
}

install_python_sdk() {
  command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null ||
    apt_install "no python3 with venv" "Python 3.10 or later" python3-venv
  echo "Installing LiveKit's Python SDK ..."
  rm -rf "$tools/livekit-python"
  python3 -m venv "$tools/livekit-python" ||
    fail "python3 could not make a virtual environment: its output is above"
  "$python" -m pip install --quiet --disable-pip-version-check "$python_sdk" ||
    fail "pip could not install $python_sdk: its output is above"
  has_python_sdk || fail "what pip installed is not $python_sdk"
}

mkdir -p "$tools"
is_right_server "$server" || link_existing_server || build_server
command -v chromium >/dev/null || {
  apt_install "no chromium on the PATH" "Chromium" chromium fonts-liberation
  command -v chromium >/dev/null || fail "apt-get installed chromium, but it is not on the PATH"
}
has_python_sdk || install_python_sdk
echo "livekit-server $version: $server"
echo "$python_sdk: $python"
echo "$(chromium --version 2>/dev/null): $(command -v chromium)"
