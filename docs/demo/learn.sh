#!/bin/sh
# Three builds that fail in the same way. Two remedies are named in the settings, and the first of them does not help.
# The first build finds that out; the ones after it remember, and heal at once by what worked.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > .pipeguard.yml <<'YML'
history: {store: "sqlite:.pipeguard/history.db"}
strategies:
  - {name: restart-generator, when: {pattern: "generator: cache is of another version"}, run: "sleep 1"}
  - {name: drop-generator-cache, when: {pattern: "generator: cache is of another version"}, run: "rm -f cache/old"}
YML
cat > build.sh <<'SH'
sleep 1
if [ -e cache/old ]; then echo "generator: cache is of another version"; exit 70; fi
echo "built"
SH
mkdir cache
for number in 1 2 3; do
  echo "--- build $number"
  touch cache/old # an older branch was built here in between
  PIPEGUARD_RESULT="result-$number.json" guard run -- sh build.sh 2>&1
done
echo "--- what is remembered"
guard history show
guard history verify
# The third build needs one attempt less than the first: the failure, and what heals it.
grep -c '"number":' result-1.json result-2.json result-3.json
[ "$(grep -c '"number":' result-3.json)" = 2 ]
