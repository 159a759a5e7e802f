# shellcheck shell=sh
# The one step of action.yml, sourced by its shell: turns the inputs (PIPEGUARD_*) into `guard run …` and becomes it.
# Where no guard can run the command runs all the same, without it, as it would without the action.

stop() { # what is wrong, what to do about it: nothing has run yet
  printf 'guard: %s\nguard: hint: %s\n' "$1" "$2" >&2
  exit 2
}

[ -n "${PIPEGUARD_SCRIPT:-}" ] || stop 'the input run is empty' 'with: {run: make test}'
case ${PIPEGUARD_RESULT:-} in '' | /* | ?:*) ;; *) PIPEGUARD_RESULT=$PWD/$PIPEGUARD_RESULT ;; esac
case ${PIPEGUARD_CONFIG:-} in '' | /* | ?:*) ;; *) PIPEGUARD_CONFIG=$PWD/$PIPEGUARD_CONFIG ;; esac
case ${PIPEGUARD_HISTORY:-} in '' | /* | ?:* | [Oo][Ff][Ff] | sqlite:/* | postgres*://*) ;; *) PIPEGUARD_HISTORY=$PWD/${PIPEGUARD_HISTORY#sqlite:} ;; esac
if [ -n "${PIPEGUARD_WORKING_DIRECTORY:-}" ]; then
  cd -- "$PIPEGUARD_WORKING_DIRECTORY" 2>/dev/null || stop "working-directory: $PIPEGUARD_WORKING_DIRECTORY is no folder here" 'a path from the root of the checkout'
fi

python=''
for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
  # On macOS the first is a stub that may open a window, on Windows guard cannot run at all.
  case ${RUNNER_OS:-Linux}:$candidate in macOS:/*) continue ;; Windows:*) break ;; esac
  case $("$candidate" -V 2>/dev/null) in
    'Python 3.'[1-9][0-9]*) python=$candidate && break ;;
  esac
done
guard=$GITHUB_ACTION_PATH/dist/guard.pyz
[ -f "$guard" ] || guard=$GITHUB_ACTION_PATH/guard/launch.py
[ -f "$guard" ] || python=''

# The shells are those of docs.github.com, "Workflow syntax", jobs.<job_id>.steps[*].shell.
shell=${PIPEGUARD_SHELL:-bash}
extension=''
case $shell in
  bash | sh) ;;
  pwsh | powershell) extension=.ps1 ;;
  python) extension=.py shell='python {0}' ;;
  cmd) extension=.cmd ;;
  *'{0}'*) extension=.sh ;;
  *) stop "shell: $shell is none of bash, sh, python, pwsh and no command with {0}" "shell: bash, or shell: 'perl {0}'" ;;
esac
if [ -n "$extension" ]; then
  file=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/pipeguard.XXXXXX")/script$extension
  case $extension in
    .ps1) printf "\$ErrorActionPreference = 'stop'\n%s\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit \$LASTEXITCODE }\n" "$PIPEGUARD_SCRIPT" ;;
    .cmd) printf '@echo off\r\n%s\r\n' "$PIPEGUARD_SCRIPT" ;;
    *) printf '%s\n' "$PIPEGUARD_SCRIPT" ;;
  esac >"$file"
fi
case $shell in
  bash)
    set -- --shell bash -c "$PIPEGUARD_SCRIPT"
    if [ -z "$python" ] && command -v bash >/dev/null; then
      set -- bash --noprofile --norc -eo pipefail -c "$PIPEGUARD_SCRIPT"
    elif [ -z "$python" ]; then
      set -- sh -e -c "$PIPEGUARD_SCRIPT"
    fi
    ;;
  sh)
    set -- --shell sh -c "$PIPEGUARD_SCRIPT"
    [ -n "$python" ] || set -- sh -e -c "$PIPEGUARD_SCRIPT"
    ;;
  pwsh | powershell) set -- "$shell" -command ". '$file'" ;;
  cmd) set -- cmd //D //E:ON //V:OFF //S //C "CALL \"$file\"" ;;
  *)
    # Blanks part the words, double quotes keep them together, as where the runner starts it.
    set --
    rest="$shell " word='' begun='' quoted=''
    while [ -n "$rest" ]; do
      char=${rest%"${rest#?}"}
      rest=${rest#?}
      case $quoted$char in
        '"') quoted=yes begun=yes ;;
        'yes"') quoted='' ;;
        ' ' | '	' | '
')
          if [ -n "$begun" ]; then
            while :; do case $word in *'{0}'*) word=${word%%'{0}'*}$file${word#*'{0}'} ;; *) break ;; esac done
            set -- "$@" "$word"
          fi
          word='' begun=''
          ;;
        *) word=$word$char begun=yes ;;
      esac
    done
    ;;
esac

if [ -z "$python" ]; then
  echo "guard: no Python 3.10 or newer that could run guard here; the command runs without it" >&2
  exec "$@"
fi
case $shell in
  bash | sh) ;;
  *) set -- -- "$@" ;;
esac
export PIPEGUARD_RESULT PIPEGUARD_CONFIG PIPEGUARD_HISTORY
exec "$python" -I -S "$guard" run "$@"
