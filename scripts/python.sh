# Sourced by the install scripts, to install tools from PyPI. It calls their `fail`, and uses debian.sh.

# python_tools FOLDER PACKAGE==VERSION...: installs the packages into the virtual environment FOLDER, unless it has them.
python_tools() {
  folder="$1"
  shift
  # Written last, so an interrupted installation starts again.
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
