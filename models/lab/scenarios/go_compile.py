"""Go code that does not compile or link, and what vet, gofmt and linters reject."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.go_projects import (
    INVENTORY,
    RETRY,
    WARM,
    module,
    noisy_packages,
    noisy_tests,
    test_file,
)

MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("ready")\n}\n'
TOOLS = WARM + 'if [ ! -x "$LAB_CACHE/go-tools/NAME" ]; then\n  GOFLAGS= GOBIN="$LAB_CACHE/go-tools.$$" go install PATH\n  mkdir -p "$LAB_CACHE/go-tools"\n  mv "$LAB_CACHE/go-tools.$$"/* "$LAB_CACHE/go-tools/"\nfi\n'


def tool(name: str, path: str) -> str:
    """The preparation that installs a Go tool once."""
    return TOOLS.replace("NAME", name).replace("PATH", path)


@scenario("go/compile", label="compile_error", needs=("go",))
def _compile() -> Iterator[Case]:
    root = module("acme.example/shop")
    yield Case("undefined", "go build ./...", root | {"shelf.go": INVENTORY.replace("errors.New", "errors.Make")}, prepare=WARM, proof=r"undefined: errors\.Make")
    yield Case("type", "go vet ./...", root | {"shelf.go": INVENTORY + 'func (s *Shelf) Sum() string {\n\tn := 0\n\tfor _, c := range s.counts {\n\t\tn += c\n\t}\n\treturn n\n}\n'}, prepare=WARM, proof=r"cannot use n \(variable of type int\) as string value")
    yield Case("unused-import", "go build -v .", root | {"main.go": MAIN.replace('"fmt"', '(\n\t"fmt"\n\t"net/http"\n)')}, prepare=WARM, proof=r'"net/http" imported and not used')
    yield Case("unused-variable", "go run .", root | {"main.go": MAIN.replace("{\n\tfmt", "{\n\tretries := 3\n\tfmt")}, prepare=WARM, proof=r"declared and not used: retries")
    yield Case("interface", "go test ./...", root | {"shelf.go": INVENTORY, "shelf_test.go": test_file("inventory", "type counter interface{ Count(string) int }\n\nvar _ counter = New()\n\nfunc TestX(t *testing.T) {}\n")}, prepare=WARM, proof=r"missing method Count")
    yield Case("missing-return", "go build -o bin/app .", root | {"main.go": MAIN + "\nfunc port(v bool) int {\n\tif v {\n\t\treturn 80\n\t}\n}\n"}, prepare=WARM, proof=r"missing return")
    yield Case("syntax", "go build ./...", root | {"main.go": MAIN.replace('("ready")', '("ready"')}, prepare=WARM, proof=r"syntax error: unexpected newline in argument list")
    yield Case("redeclared", "set -x\ngo version\ngo install ./...", root | {"main.go": MAIN, "other.go": "package main\n\nfunc main() {}\n"}, prepare=WARM, proof=r"main redeclared in this block")
    yield Case("generics", "go build ./...", root | {"max.go": "package shop\n\nfunc Max[T int | float64](a, b T) T {\n\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n}\n\nvar top = Max(\"a\", \"b\")\n"}, prepare=WARM, proof=r"string does not satisfy int \| float64")


@scenario("go/packages", label="compile_error", needs=("go",))
def _packages() -> Iterator[Case]:
    root = module("acme.example/chess")
    cycle = root | {"board/board.go": 'package board\n\nimport "acme.example/chess/rules"\n\nvar Size = rules.Size\n', "rules/rules.go": 'package rules\n\nimport "acme.example/chess/board"\n\nvar Size = board.Size\n'}
    yield Case("import-cycle", "go build ./...", cycle, prepare=WARM, proof=r"import cycle not allowed")
    yield Case("own-package", "go test ./...", root | {"main.go": 'package main\n\nimport "acme.example/chess/engine"\n\nfunc main() { engine.Start() }\n'}, prepare=WARM, proof=r"no required module provides package|package acme\.example/chess/engine is not in|module .* does not contain package")
    yield Case("two-names", "go build ./...", root | {"a.go": "package chess\n", "b.go": "package checkers\n"}, prepare=WARM, proof=r"found packages chess \(a\.go\) and checkers \(b\.go\)")
    yield Case("internal", "go vet ./...", root | {"lib/internal/key/key.go": "package key\n\nconst Size = 3\n", "cmd/main.go": 'package main\n\nimport "acme.example/chess/lib/internal/key"\n\nfunc main() { println(key.Size) }\n'}, prepare=WARM, proof=r"use of internal package .* not allowed")
    yield Case("old-go", "go build ./...", module("acme.example/chess", go="1.17") | {"g.go": "package chess\n\nfunc First[T any](all []T) T { return all[0] }\n"}, prepare=WARM, proof=r"type parameter requires go1\.18 or later")


@scenario("go/link", label="compile_error", needs=("go", "gcc"))
def _link() -> Iterator[Case]:
    cgo = "package main\n\n/*\nint frobnicate_v3(int);\n*/\nimport \"C\"\n\nfunc main() { println(C.frobnicate_v3(2)) }\n"
    yield Case("cgo-undefined", "go build .", module("acme.example/native") | {"main.go": cgo}, prepare=WARM, proof=r"undefined reference to `frobnicate_v3'")
    asm = "package main\n\nfunc fast(int) int\n\nfunc main() { println(fast(1)) }\n"
    yield Case("no-body", "go build -x .", module("acme.example/native") | {"main.go": asm}, prepare=WARM, proof=r"missing function body")
    bad = cgo.replace("int frobnicate_v3(int);", "static int frobnicate_v3(int a) { return a + b; }")
    yield Case("c-error", "CGO_ENABLED=1 go test ./...", module("acme.example/native") | {"main.go": bad}, prepare=WARM, proof=r"'b' undeclared")


@scenario("go/compile-in-noise", label="compile_error", needs=("go",))
def _noise() -> Iterator[Case]:
    root = module("acme.example/mill") | noisy_packages(24)
    bad = root | {"timeout/wait.go": 'package timeout\n\nimport "net"\n\n// ConnectionRefused tells whether nobody listens.\nfunc ConnectionRefused(err *net.OpError) bool { return err.Timeout }\n'}
    yield Case("build-failed-of-many", "go build -v ./internal/...\ngo test -v ./internal/...\ngo test ./...", bad, prepare=WARM, proof=r"cannot use err\.Timeout")
    yield Case("listing", "set -x\ngo list ./...\ngo test -json ./... ", root | {"quota/quota.go": 'package quota\n\nconst Full = "No space left on device"\n', "quota/quota_test.go": test_file("quota", "func TestDiskFull(t *testing.T) {\n\tif Full != NoSpace {\n\t\tt.Fail()\n\t}\n}\n")}, prepare=WARM, proof=r"undefined: NoSpace")
    yield Case("then-clean-up", "trap 'echo removing build output; go clean -x ./... ; echo finished' EXIT\ngo test ./internal/unit0...\ngo build ./...", root | {"retry/retry.go": RETRY + "\nfunc Wait() { time.Sleep(After(503)) }\n"}, prepare=WARM, proof=r"not enough arguments in call to After")


@scenario("go/vet", label="lint_error", needs=("go",))
def _vet() -> Iterator[Case]:
    root = module("acme.example/log")
    printf = root | {"log.go": 'package log\n\nimport "fmt"\n\nfunc Line(retries int) string { return fmt.Sprintf("retries: %s", retries) }\n'}
    yield Case("printf", "go vet ./...", printf, prepare=WARM, proof=r"fmt\.Sprintf format %s has arg retries of wrong type int")
    yield Case("in-test", "go test ./...", printf | {"log_test.go": test_file("log", "func TestLine(t *testing.T) { Line(1) }\n")}, prepare=WARM, proof=r"fmt\.Sprintf format %s has arg retries of wrong type int")
    yield Case("copied-lock", "go vet -v .", root | {"pool.go": "package log\n\nimport \"sync\"\n\ntype Pool struct{ mu sync.Mutex }\n\nfunc Size(p Pool) int { return 1 }\n"}, prepare=WARM, proof=r"passes lock by value")
    yield Case("lost-cancel", "go build ./...\ngo vet ./...", root | noisy_packages(6) | {"ctx.go": 'package log\n\nimport (\n\t"context"\n\t"time"\n)\n\nfunc Dial(ctx context.Context) context.Context {\n\tctx, _ = context.WithTimeout(ctx, time.Second)\n\treturn ctx\n}\n'}, prepare=WARM, proof=r"the cancel function returned by context\.WithTimeout should be called")
    yield Case("unreachable-json", "go vet -json ./... 2>&1 | tee vet.json; ! grep -q posn vet.json", root | {"u.go": "package log\n\nfunc F() int {\n\treturn 1\n\tprintln(2)\n\treturn 3\n}\n"}, prepare=WARM, proof=r"unreachable code")


@scenario("gofmt/not-formatted", label="lint_error", needs=("gofmt",))
def _gofmt() -> Iterator[Case]:
    ugly = module("acme.example/fmt") | {"a.go": "package fmt\nfunc  Add( a,b int)int{ return a+b }\n", "timeout.go": "package fmt\n\nvar Timeout=30\n", "b.go": "package fmt\n"}
    yield Case("list", 'files=$(gofmt -l .)\nif [ -n "$files" ]; then\n  echo "these files are not formatted, run gofmt -w:"\n  echo "$files"\n  exit 1\nfi', ugly, proof=r"^(?:a|timeout)\.go$")
    yield Case("diff", "gofmt -d . | tee fmt.diff\n[ ! -s fmt.diff ]", ugly, proof=r"^diff ")
    yield Case("after-tests", "go test -v ./...\ntest -z \"$(gofmt -s -l . | tee /dev/stderr)\"", ugly | noisy_packages(12), prepare=WARM, proof=r"^(?:a|timeout)\.go$")


@scenario("staticcheck/finds", label="lint_error", needs=("go",))
def _staticcheck() -> Iterator[Case]:
    ready = tool("staticcheck", "honnef.co/go/tools/cmd/staticcheck@latest")
    code = module("acme.example/clock") | {"clock.go": 'package clock\n\nimport (\n\t"errors"\n\t"time"\n)\n\nvar Error = errors.New("Request timed out.")\n\nfunc unused() {}\n\nfunc Sleep() { time.Sleep(5) }\n'}
    yield Case("text", '"$LAB_CACHE/go-tools/staticcheck" ./...', code, prepare=ready, proof=r"\((?:SA|ST|U|S)\d+\)$")
    yield Case("checks-all", 'set -x\ngo build ./...\n"$LAB_CACHE/go-tools/staticcheck" -checks all -f stylish ./...', code | noisy_packages(3), prepare=ready, proof=r"error strings should not|sleeping for \d+ nanosecond|unused is unused")
    ready = tool("errcheck", "github.com/kisielk/errcheck@latest")
    code = module("acme.example/clock") | {"main.go": 'package main\n\nimport "os"\n\nfunc main() {\n\tos.Remove("connection.refused")\n}\n'}
    yield Case("errcheck", '"$LAB_CACHE/go-tools/errcheck" ./...', code, prepare=ready, proof=r"^main\.go:6:11:")


@scenario("golangci-lint/finds", label="lint_error", needs=("go",))
def _golangci() -> Iterator[Case]:
    ready = tool("golangci-lint", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest")
    run = 'export PATH="$LAB_CACHE/go-tools:$PATH"\n'
    code = module("acme.example/pump", go="1.24") | {"pump.go": 'package pump\n\nimport "os"\n\nfunc Drain() int {\n\tf, err := os.Open("x")\n\tn := 3\n\tn = 4\n\tf.Close()\n\treturn n\n}\n'}
    yield Case("default", run + "golangci-lint run", code | {"pump.go": code["pump.go"].replace("f, err", "f, _")}, prepare=ready, proof=r"\((?:errcheck|ineffassign|staticcheck|unused|govet)\)$")
    yield Case("typecheck", run + "golangci-lint run ./...", code, prepare=ready, proof=r"declared and not used: err", label="compile_error")
    yield Case("in-noise", run + "go test -v ./...\ngolangci-lint run --default all --output.text.colors=false ./... || { code=$?; golangci-lint linters | head -40; exit $code; }", module("acme.example/pump", go="1.24") | noisy_packages(14), prepare=ready, proof=r"\((?:\w+)\)$")
    yield Case("bad-config", run + "golangci-lint run -v", code | {".golangci.yml": "linters:\n  enable-all: true\n"}, prepare=ready, proof=r"can't load config", label="configuration_error")


@scenario("go-noise/tests-about", label="test_failure", needs=("go",))
def _about() -> Iterator[Case]:
    root = module("acme.example/retry") | {"retry.go": RETRY, "many_test.go": noisy_tests("retry", 150, "ServiceUnavailable")}
    yield Case("status-503", "go test -v ./...", root | {"retry_test.go": test_file("retry", 'func Test503IsAskedAgain(t *testing.T) {\n\tif got := After(503, 0); got != 200*time.Millisecond {\n\t\tt.Errorf("After(503 Service Unavailable) = %v, want 200ms", got)\n\t}\n}\n', "time")}, prepare=WARM, proof=r"After\(503 Service Unavailable\) = 100ms, want 200ms")
