"""Small Go modules that scenarios break, and much honest output to hide a failure in."""

from __future__ import annotations

WARM = 'mkdir -p "$LAB_CACHE/go-build" "$HOME/.cache"\nln -sfn "$LAB_CACHE/go-build" "$HOME/.cache/go-build"\n'
"""Shares the build cache: the standard library is compiled once for all cases."""


def module(path: str, more: str = "", go: str = "1.22", **_: str) -> dict[str, str]:
    """A go.mod."""
    return {"go.mod": f"module {path}\n\ngo {go}\n{more}"}


def noisy_tests(package: str, count: int, stem: str) -> str:
    """A test file of many tests that pass, some with output."""
    body = "".join(
        f"func Test{stem}{number:03}(t *testing.T) {{\n\tt.Logf(\"case {number}: retries {number % 4}, no error\")\n\tif {number}+1 != {number + 1} {{\n\t\tt.Fatal(\"sum\")\n\t}}\n}}\n\n"
        for number in range(count)
    )
    return f'package {package}\n\nimport "testing"\n\n{body}'


def noisy_packages(count: int, stem: str = "unit") -> dict[str, str]:
    """Packages with tests, each prints a line of its own."""
    files = {}
    for number in range(count):
        name = f"{stem}{number:02}"
        files[f"internal/{name}/{name}.go"] = f"// Package {name} adds.\npackage {name}\n\n// Add adds.\nfunc Add(a, b int) int {{ return a + b + {number} }}\n"
        files[f"internal/{name}/{name}_test.go"] = noisy_tests(name, 4, stem.capitalize())
    return files


INVENTORY = """// Package inventory counts what lies on shelves.
package inventory

import (
\t"errors"
\t"fmt"
\t"sort"
)

// ErrShort says that a shelf holds too little.
var ErrShort = errors.New("not enough on the shelf")

// Shelf holds counts by article.
type Shelf struct{ counts map[string]int }

// New makes an empty shelf.
func New() *Shelf { return &Shelf{counts: map[string]int{}} }

// Put adds n of an article.
func (s *Shelf) Put(article string, n int) { s.counts[article] += n }

// Take removes n of an article.
func (s *Shelf) Take(article string, n int) error {
\tif s.counts[article] < n {
\t\treturn fmt.Errorf("%s: want %d, have %d: %w", article, n, s.counts[article], ErrShort)
\t}
\ts.counts[article] -= n
\treturn nil
}

// Articles lists what there is, sorted.
func (s *Shelf) Articles() []string {
\tvar names []string
\tfor name := range s.counts {
\t\tnames = append(names, name)
\t}
\tsort.Strings(names)
\treturn names
}
"""

RETRY = """// Package retry decides when to ask a server again.
package retry

import "time"

// After gives the pause before the next attempt, zero for none.
func After(status, attempt int) time.Duration {
\tswitch {
\tcase status == 429 || status >= 500:
\t\treturn time.Duration(1<<attempt) * 100 * time.Millisecond
\tdefault:
\t\treturn 0
\t}
}
"""


def test_file(package: str, body: str, *imports: str) -> str:
    """A test file with the imports it needs."""
    lines = "".join(f'\t"{name}"\n' for name in sorted(("testing", *imports)))
    return f"package {package}\n\nimport (\n{lines})\n\n{body}"
