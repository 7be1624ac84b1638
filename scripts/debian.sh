# Sourced by the install scripts, to install Debian packages. It calls their `fail`.

# apt_install WHAT-IS-MISSING WHAT-TO-INSTALL-WITHOUT-DEBIAN PACKAGE...
apt_install() {
  missing="$1"
  otherwise="$2"
  shift 2
  command -v apt-get >/dev/null || fail "$missing and no apt-get to install it with: install $otherwise"
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
