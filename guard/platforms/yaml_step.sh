# shellcheck shell=sh
# Where a CI brings nothing but YAML: becomes `guard run` of PIPEGUARD_SCRIPT. Guard is the image's own where it has one, else
# the one wheel of PIPEGUARD_VERSION, without what it depends on, in a folder of its own that is kept between jobs where home is.
# Where no guard can be had the command runs all the same, without it.
shell=${PIPEGUARD_SHELL:-bash}
case $shell in
  bash | sh) ;;
  *)
    echo "guard: shell: $shell is none of bash, sh" >&2
    exit 2
    ;;
esac
if [ -z "${PIPEGUARD_SCRIPT:-}" ]; then
  echo "guard: there is nothing to run" >&2
  exit 2
fi
set -- run --shell "$shell" -c "$PIPEGUARD_SCRIPT"
if command -v guard >/dev/null 2>&1; then
  exec guard "$@"
fi
why='no Python 3.10 or newer'
for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 ''; do
  case $("$python" -V 2>/dev/null) in 'Python 3.'[1-9][0-9]*) break ;; esac
done
if [ -n "$python" ]; then
  folder=${PIPEGUARD_FOLDER:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/pipeguard}/$PIPEGUARD_VERSION
  if [ ! -f "$folder/guard/launch.py" ]; then
    why="pipeguard $PIPEGUARD_VERSION could not be installed"
    "$python" -I -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-compile --only-binary :all: \
      --retries 0 --timeout 5 --target "$folder.$$" "pipeguard==$PIPEGUARD_VERSION" >&2 || :
    # Moved whole: a folder that is there is a finished one, also where jobs run side by side.
    if [ -f "$folder.$$/guard/launch.py" ] && [ ! -e "$folder" ]; then mv "$folder.$$" "$folder"; fi
    rm -rf "$folder.$$"
  fi
  if [ -f "$folder/guard/launch.py" ]; then
    exec "$python" -I -S "$folder/guard/launch.py" "$@"
  fi
fi
echo "guard: $why; the command runs without guard" >&2
if [ "$shell" = bash ] && command -v bash >/dev/null 2>&1; then
  exec bash --noprofile --norc -eo pipefail -c "$PIPEGUARD_SCRIPT"
fi
exec sh -e -c "$PIPEGUARD_SCRIPT"
