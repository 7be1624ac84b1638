# Sourced by the scripts that install, for tools from PyPI. It calls their `fail`, and what debian.sh has.

# python_tools FOLDER PACKAGE==VERSION...: into a virtual environment of its own; nothing where it has them already.
python_tools() {
  folder="$1"
  shift
  # Written last, so that an installation that broke off is begun anew.
  [ "$(cat "$folder/installed" 2>/dev/null)" = "$*" ] && return
  command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null ||
    apt_install "no python3 with venv" "Python 3.11 or later" python3-venv
  echo "Installing $* ..."
  rm -rf "$folder"
  python3 -m venv "$folder" || fail "python3 could not make a virtual environment: its output is above"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
    fail "pip could not install $*: its output is above"
  echo "$*" >"$folder/installed"
}
