pipeguard() {
  pipeguard_python=
  for pipeguard_name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    pipeguard_python=$(command -v "$pipeguard_name" 2>/dev/null) && break
  done
  if [ -z "$pipeguard_python" ]; then
    sh -c "$pipeguard_bare" sh 'there is no python3 here' "$@"
    return
  fi
  # Standard input stays the command's own; a closed one is given as an empty one.
  (exec 4<&0) 2>/dev/null || exec </dev/null
  {
    { { set +x; } 2>/dev/null; printf %s "$pipeguard_payload"; } |
      "$pipeguard_python" -I -S -c "$pipeguard_boot" "$pipeguard_boot" "$pipeguard_bare" "$@" 3<&0 <&4 4<&-
  } 4<&0
}
