"""Cases of the smaller ecosystems again as one step of a long job: real output of other steps stands before and after the failure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from models.lab.scenario import PASSED, SCENARIOS, Case, scenario
from models.lab.scenarios import (
    browser_robot,
    builds,
    compilers,
    databases,
    docs_build,
    functional,
    iac,
    linters,
    perl,
    php,
    ruby,
    scripting,
    transfer,
)

_MODULES = (browser_robot, builds, compilers, databases, docs_build, functional, iac, linters, perl, php, ruby, scripting, transfer)
_EACH = 2
"""Cases taken from each scenario: more would only repeat the messages that the scenario's own cases hold."""

_TESTS = """mkdir -p $TMPDIR/steps && cat > $TMPDIR/steps/smoke.t <<'END_OF_SMOKE'
use Test::More;
for my $n (1 .. 160) { ok($n, "smoke $n: retry after connection error $n, no timeout") ; diag("warning: slow response $n ms, retrying") if $n % 40 == 0 }
done_testing;
END_OF_SMOKE
"""
_BEFORE = (
    "echo '### toolchain'\nperl -V\nldconfig -p | sed -n '1,150p'\n",
    _TESTS + "set -x\nprove -v $TMPDIR/steps/smoke.t\nset +x\n",
    "echo '### packages of the image'\ndpkg -l | tail -260\ndf -h / /tmp\nfree -m\n",
    "echo '### headers'\nmkdir -p $TMPDIR/steps; for n in $(seq 60); do echo \"int error_$n(int timeout) { int unused; return timeout + $n; }\" > $TMPDIR/steps/e$n.c; gcc -Wall -Wextra -c $TMPDIR/steps/e$n.c -o $TMPDIR/steps/e$n.o; done\n"
    "gcc -v -E -x c /dev/null -o /dev/null\n",
    "echo '### dry run of the image update'\nfor n in $(seq 3); do [ $n = 3 ] && break; echo \"W: mirror $n: Connection failed, trying another\"; done\ndpkg -L libc6 | sed -n '1,220p'\nopenssl version -a\n",
)
_AFTER = (
    "trap 'code=$?; echo; echo \"### cleaning up\"; ls -la; du -sk . | head -3; echo \"job finished with status $code\"' EXIT\n",
    "trap 'echo \"Uploading artifacts...\"; find . -maxdepth 2 -type f | head -40 | while read -r f; do echo \"$f: found\"; done; echo \"Cleaning up project directory\"' EXIT\n",
    "",
)


def _long(case: Case, name: str) -> Case:
    """The case after a long step; its own script is untouched, so that its cause and its proof are."""
    pick = zlib.crc32(name.encode())
    after = "" if "trap " in case.script or "exec unshare" in case.script else _AFTER[pick // 7 % len(_AFTER)]
    return replace(case, name=case.name, script=_BEFORE[pick % len(_BEFORE)] + after + case.script, timeout_s=case.timeout_s + 60)


def _worthy(case: Case) -> bool:
    """Whether noise fits: where memory, files or disk are bounded, or the output says nothing, it would change the failure itself."""
    return case.limits == Case("", "").limits and bool(case.proof) and not re.search(r"^\^?(error|Error): ?$|\(warning\|error\): |^error: $", case.proof)


def _register(source: str, cases: Callable[[], Iterator[Case]]) -> None:
    original = SCENARIOS[source]

    def chosen() -> Iterator[Case]:
        found = [case for case in cases() if _worthy(case) and (case.label or original.label) != PASSED]
        found.sort(key=lambda case: zlib.crc32(case.name.encode()))
        for case in found[:_EACH]:
            yield _long(case, f"{source}/{case.name}")

    tool, what = source.split("/", 1)
    scenario(f"{tool}/{what}-in-long-job", label=original.label, heals=original.heals, needs=original.needs, root=original.root)(chosen)


for _source in [name for name, kept in SCENARIOS.items() if kept.cases.__module__ in {module.__name__ for module in _MODULES}]:
    _register(_source, SCENARIOS[_source].cases)  # type: ignore[arg-type]
