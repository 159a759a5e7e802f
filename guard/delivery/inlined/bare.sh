# Runs the command of guard's words where guard itself cannot start: sh -c BARE sh WHY run [OPTIONS] -- CMD …
why=$1
shift
if [ "${1-}" != run ]; then
  echo "guard: $why" >&2
  exit 127
fi
shift
[ "${PIPEGUARD_ACTIVE-}" = 1 ] || echo "guard: $why; the command runs without guard" >&2
script='' file='' folder='' kind=argv
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -c) kind=text script=$2; shift 2 ;;
    --script) kind=file file=$2; shift 2 ;;
    --cwd) folder=$2; shift 2 ;;
    --*=*) shift ;;
    -*) shift 2 ;;
    *) break ;;
  esac
done
[ -z "$folder" ] || cd "$folder" || exit 1
if [ "$kind" != argv ]; then
  if [ "${PIPEGUARD_SKIN-}" = jenkins ]; then
    set -- sh -xe
  elif command -v bash >/dev/null 2>&1; then
    set -- bash -eo pipefail
  else
    set -- sh -e
  fi
  if [ "$kind" = text ]; then
    set -- "$@" -c "$script"
  elif [ "${PIPEGUARD_SKIN-}" = jenkins ] && [ "$(head -c 2 "$file")" = '#!' ]; then
    chmod +x "$file" && set -- "$file"
  else
    set -- "$@" "$file"
  fi
fi
code=0
"$@" || code=$?
if [ -n "${PIPEGUARD_REPORTS-}" ] && mkdir -p "$PIPEGUARD_REPORTS" 2>/dev/null; then
  status=passed
  [ "$code" -eq 0 ] || status=failed
  {
    echo '*' >"$PIPEGUARD_REPORTS/.gitignore"
    printf 'PIPEGUARD_STATUS=%s\nPIPEGUARD_ATTEMPTS=1\nPIPEGUARD_LABEL=\nPIPEGUARD_HEALED_BY=\nPIPEGUARD_EXIT_CODE=%s\n' \
      "$status" "$code" >"$PIPEGUARD_REPORTS/gitlab.env"
  } 2>/dev/null || :
fi
exit "$code"
