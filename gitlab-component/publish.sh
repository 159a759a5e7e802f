#!/bin/sh
# sh gitlab-component/publish.sh FOLDER [VERSION]: this folder as its own project, in the git clone FOLDER of that project.
# Writes guard as it stands in this checkout into the templates, copies the project's files, commits, and tags VERSION and
# its major version. Pushes nothing: look at it, then `git -C FOLDER push --follow-tags`.
set -eu
[ $# -ge 1 ] || { echo "usage: publish.sh FOLDER [VERSION]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$1" && pwd)
version=${2-}
git -C "$out" rev-parse --git-dir >/dev/null || { echo "publish.sh: $out is no git clone" >&2; exit 2; }
[ -z "$(git -C "$out" status --porcelain)" ] || { echo "publish.sh: $out has changes of its own" >&2; exit 2; }
case $version in
  '' | [0-9]*.[0-9]*.[0-9]*) ;;
  *) echo "publish.sh: $version is no version: 1.2.3" >&2; exit 2 ;;
esac
source=$(git -C "$here" rev-parse --short HEAD)
# What is gone here is gone there.
git -C "$out" rm -rqf --ignore-unmatch .
mkdir -p "$out/templates" "$out/include"
cp "$here/README.md" "$here/.gitlab-ci.yml" "$out/"
cp "$here/../LICENSE" "$out/"
cp "$here/templates/guard.yml" "$out/templates/"
cp "$here/include/guard.yml" "$out/include/"
(cd "$here/.." && ${PYTHON:-python3} -m guard.delivery.inline --gitlab "$out" ${PIPEGUARD_WHEELS:+--wheels "$PIPEGUARD_WHEELS"})
git -C "$out" add -A
if git -C "$out" diff --cached --quiet; then
  echo "publish.sh: nothing has changed"
else
  git -C "$out" commit -qm "Pipeguard ${version:-as of $source}"
fi
if [ -n "$version" ]; then
  git -C "$out" tag -a "$version" -m "Pipeguard $version"
  git -C "$out" tag -f -a "${version%%.*}" -m "Pipeguard $version" >/dev/null
fi
echo "publish.sh: ready in $out; to publish: git -C $out push --follow-tags"
