"""Steps that pass and print much, as they stand before and after the one that fails: tests, builds, listings."""

from __future__ import annotations

from collections.abc import Mapping

_CASES = (
    "retries_after_503", "times_out_when_peer_is_silent", "rounds_half_up", "rejects_expired_certificate", "keeps_order", "parses_empty_row",
    "survives_connection_reset", "reports_disk_full", "quotes_commas", "joins_lines", "limits_memory", "unknown_host_is_an_error",
)  # fmt: skip

UNITTEST: Mapping[str, str] = {
    "tests/__init__.py": "",
    "tests/test_ledger.py": f'''"""Tests of the ledger: names speak of failures, all pass."""
import sys
import unittest
import warnings

CASES = {_CASES!r}


class LedgerTest(unittest.TestCase):
    pass


def _add(name, number):
    def check(self):
        if number % 9 == 0:
            warnings.warn(f"row {{number}}: field 'timeout' is deprecated", DeprecationWarning, stacklevel=2)
        if number % 13 == 0:
            print(f"INFO retry {{number % 3 + 1}}/3 after simulated error: 503 Service Unavailable", file=sys.stderr)
        self.assertEqual(number * 2, number + number)
    setattr(LedgerTest, f"test_{{name}}_{{number:03d}}", check)


for number in range(140):
    _add(CASES[number % len(CASES)], number)
''',
}
UNITTEST_RUN = "python3 -W default -m unittest -v"

NODE_TEST: Mapping[str, str] = {
    "test/cart.test.mjs": f"""import test from 'node:test';
import assert from 'node:assert';
const names = {list(_CASES)!r};
for (let n = 0; n < 60; n++) {{
  test(`cart ${{names[n % names.length]}} #${{n}}`, () => {{
    if (n % 11 === 0) console.warn(`warn: socket hang up simulated for item ${{n}}`);
    assert.strictEqual(n + n, 2 * n);
  }});
}}
""",
}
NODE_RUN = "node --test --test-reporter=spec test/"

C_BUILD: Mapping[str, str] = {
    "Makefile": "PARTS := $(shell seq 1 18)\nall: $(PARTS:%=part%.o)\n\t@echo linked\npart%.o: part.c\n"
    "\tcc -Wall -Wextra -DPART=$* -c -o $@ part.c\nclean:\n\trm -f *.o\n",
    "part.c": '#include <stdio.h>\n#include <string.h>\n\nint connect_timeout_ms(int unused, char *host) {\n    int error;\n    char buffer[8];\n'
    '    for (unsigned i = 0; i < strlen(host); i++)\n        if (i == PART) printf("%d\\n", i);\n    return sizeof buffer;\n}\n',
}
C_RUN = "make"

PREAMBLE = r"""set -x
uname -sr
python3 --version
df -h . | tail -1 || true
ulimit -a
set +x
"""
"""What CI files print about the machine before they begin."""

LISTING = "find /usr/include/linux -name '*.h' | sort | head -300 | xargs wc -l"
CLEANUP = """echo 'Cleaning up'
rm -rfv dist build .cache 2>&1 | head -20
echo 'Post job cleanup.'
"""
