# shellcheck shell=sh
# Sourced by ./run and ./test, from the root of the project. Makes .venv hold exactly what one file of
# requirements/ pins, and this project itself. Needs Python >= 3.11 and the POSIX utilities; uv is taken from the
# PATH or installed, pinned, into .uv.

stamp=.venv/.installed

say() { printf 'wagate: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# A program that finds its stdin closed gives that number to the next file or socket it opens.
open_stdin() {
  true 2>/dev/null <&0 || exec </dev/null
}

# What the environment was built from. ./run asks at every start, so this has to stay at a few milliseconds.
# cksum is POSIX, sha256sum is not; it has to notice edits, not attackers: those are uv's business.
fingerprint() {
  pwd -P
  .venv/bin/python -V
  cksum pyproject.toml requirements/run.txt requirements/test.txt
}

# installed SET: is SET (run or test) in .venv, as the files of this moment ask for it?
installed() {
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$1
$(fingerprint 2>/dev/null)" ]
}

# ready SET: does .venv serve SET? What the tests need contains what the gateway needs.
ready() {
  installed "$1" || { [ "$1" = run ] && installed test; }
}

# prepare SET: make .venv serve SET. Where it does already, this is all that happens.
prepare() {
  if ! ready "$1"; then
    take_turn
    ready "$1" || install "$1"
    end_turn
  fi
}

# Two commands that are started at once must not build one environment together. A link is made in one step and holds
# the process it belongs to; one whose process is gone is left over from a kill.
take_turn() {
  { mkdir -p .uv && [ -w .uv ] && [ -w . ]; } 2>/dev/null ||
    die "cannot write to $PWD, where its environment (.venv) has to go."
  until ln -s "$$" .uv/turn 2>/dev/null; do
    owner=$(readlink .uv/turn) || continue
    if kill -0 "$owner" 2>/dev/null; then
      say "process $owner is installing; waiting for it (if it is not a ./run or ./test: rm $PWD/.uv/turn)"
      sleep 1
    else
      rm -f .uv/turn
    fi
  done
  trap end_turn EXIT
  trap 'exit 1' HUP INT TERM
}

end_turn() {
  rm -f .uv/turn
  trap - EXIT HUP INT TERM
}

# The first Python that will do, as a path. PYTHON=… overrides.
find_python() {
  found=
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$path"
      return
    fi
    found="$found $path ($("$path" -V 2>&1 || :))"
  done
  die "needs Python 3.11 or newer; found:${found:- none}. Install it (Debian, Ubuntu: apt install python3; Fedora:" \
    "dnf install python3; macOS: brew install python), or name one: PYTHON=/path/to/python3 $0"
}

# find_uv PYTHON: a uv that works, as a path.
find_uv() {
  if uv --version >/dev/null 2>&1; then
    command -v uv
    return
  fi
  if [ ! -x .uv/uv ]; then
    "$1" -c 'import ensurepip, venv' 2>/dev/null || die "$1 cannot make virtual environments. Install its venv module" \
      "(Debian, Ubuntu: apt install python3-venv), or put uv on the PATH."
    say "installing uv into .uv (once)"
    rm -rf ".uv/$$"
    { "$1" -m venv ".uv/$$" && ".uv/$$/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --only-binary :all: --require-hashes -r requirements/uv.txt; } >&2 ||
      die "could not install uv; pip says why above. A uv on the PATH is used instead if there is one."
    mv ".uv/$$/bin/uv" .uv/uv
    rm -rf ".uv/$$"
  fi
  printf '%s\n' "$PWD/.uv/uv"
}

# A home that cannot be written (a service account, a container) must not stop the installer.
choose_cache() {
  cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
  if [ -z "${UV_CACHE_DIR:-}" ] && ! { mkdir -p "$cache" && [ -w "$cache" ]; } 2>/dev/null; then
    export UV_CACHE_DIR="$PWD/.cache/uv"
  fi
}

# Behind a proxy that signs anew, only the machine's own certificates will do; a bare container has none, and uv its own.
choose_certificates() {
  for store in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem \
    /etc/ssl/cert.pem; do
    [ ! -s "$store" ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
  done
}

# A virtual environment that was moved, or whose Python was replaced, does not work any more.
is_usable() {
  [ -f "$stamp" ] || return
  { read -r _ && read -r place && read -r version; } <"$stamp" || return
  [ "$place" = "$(pwd -P)" ] && [ "$version" = "$(.venv/bin/python -V 2>/dev/null)" ]
}

# install SET: bring .venv to exactly requirements/SET.txt and this project.
install() {
  python=$(find_python) || exit 1
  uv=$(find_uv "$python") || exit 1
  choose_cache
  choose_certificates
  say "installing the requirements of ./$1 into .venv (once, and after each change of requirements/)"
  if ! is_usable; then
    rm -rf .venv
    "$uv" venv --quiet --no-python-downloads --python "$python" .venv || die "could not make .venv with $python."
  fi
  rm -f "$stamp"
  { "$uv" pip sync --quiet --python .venv/bin/python --require-hashes "requirements/$1.txt" &&
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .; } ||
    die "could not install; uv says why above. Without internet it needs a filled cache, or a mirror (UV_INDEX_URL)."
  { printf '%s\n' "$1" && fingerprint; } >"$stamp.$$" && mv "$stamp.$$" "$stamp"
}
