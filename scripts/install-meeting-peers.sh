#!/bin/sh
# Installs what a meeting needs beside Node: a LiveKit server in .tools/ (git-ignored) and Debian's Chromium.
# Does nothing where both are there already; says what can't be had, and fails.
set -eu

version=1.13.5
scripts="$(cd "$(dirname "$0")" && pwd)"
tools="$(dirname "$scripts")/.tools"
server="$tools/livekit-server"

fail() {
  echo "install-meeting-peers: $1" >&2
  exit 1
}

. "$scripts/debian.sh"

is_right_server() {
  [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "livekit-server version $version" ]
}

# The Go module's command is called "server", and so is what `go install` leaves in its folder.
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

mkdir -p "$tools"
is_right_server "$server" || link_existing_server || build_server
command -v chromium >/dev/null || {
  apt_install "no chromium on the PATH" "Chromium" chromium fonts-liberation
  command -v chromium >/dev/null || fail "apt-get installed chromium, and yet there is none on the PATH"
}
echo "livekit-server $version: $server"
echo "$(chromium --version 2>/dev/null): $(command -v chromium)"
