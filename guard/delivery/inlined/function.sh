pipeguard() {
  pipeguard_python=
  for pipeguard_name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    pipeguard_python=$(command -v "$pipeguard_name" 2>/dev/null) && break
  done
  if [ -z "$pipeguard_python" ]; then
    sh -c "$pipeguard_bare" sh 'there is no python3 here' "$@"
    return
  fi
  # By a file on descriptor 3: standard input is the command's, and bash 5.2 crashes when it duplicates the one that it
  # reads its own script from, as GitLab's shell executor makes it do.
  for pipeguard_folder in "${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm "$PWD"; do
    pipeguard_file=$(mktemp "$pipeguard_folder/pipeguard-XXXXXXXX" 2>/dev/null) || continue
    if ({ set +x; } 2>/dev/null; printf %s "$pipeguard_payload" 2>/dev/null >"$pipeguard_file"); then
      pipeguard_code=0
      {
        rm -f "$pipeguard_file"
        "$pipeguard_python" -I -S -c "$pipeguard_boot" "$pipeguard_boot" "$pipeguard_bare" "$@"
      } 3<"$pipeguard_file" || pipeguard_code=$?
      return "$pipeguard_code"
    fi
    rm -f "$pipeguard_file"
  done
  sh -c "$pipeguard_bare" sh 'there is no temporary folder with room for it' "$@"
}
