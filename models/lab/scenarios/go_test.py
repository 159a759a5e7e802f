"""Go tests that fail: wrong values, panics, deadlocks, tests that fail only sometimes, tests that never end."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.go_compile import tool
from models.lab.scenarios.go_projects import (
    INVENTORY,
    RETRY,
    WARM,
    module,
    noisy_packages,
    noisy_tests,
    test_file,
)

SHOP = module("acme.example/inventory") | {"shelf.go": INVENTORY}


def failing(body: str, *imports: str) -> dict[str, str]:
    """The inventory with a test of this body."""
    return SHOP | {"shelf_test.go": test_file("inventory", f"func TestShelf(t *testing.T) {{\n{body}\n}}\n", *imports)}


@scenario("go-test/wrong-value", label="test_failure", needs=("go",))
def _values() -> Iterator[Case]:
    take = failing('\ts := New()\n\ts.Put("bolt", 3)\n\tif err := s.Take("bolt", 3); err != nil || len(s.Articles()) != 0 {\n\t\tt.Errorf("articles after the last bolt: got %v, want none", s.Articles())\n\t}')
    wants = r"articles after the last bolt: got \[bolt\], want none"
    yield Case("plain", "go test ./...", take, prepare=WARM, proof=wants)
    yield Case("verbose", "go test -v -count=1 ./...", take | noisy_packages(20), prepare=WARM, proof=wants)
    yield Case("json", "go test -json ./...", take | noisy_packages(4), prepare=WARM, proof=wants)
    yield Case("gotestsum", '"$LAB_CACHE/go-tools/gotestsum" --format testname -- ./...', take | noisy_packages(6), prepare=tool("gotestsum", "gotest.tools/gotestsum@latest"), proof=wants)
    table = SHOP | {"table_test.go": test_file("inventory", 'func TestTable(t *testing.T) {\n\tfor _, c := range []struct {\n\t\tname string\n\t\tn    int\n\t}{{"none", 0}, {"disk full", 2}, {"connection reset", 5}} {\n\t\tt.Run(c.name, func(t *testing.T) {\n\t\t\ts := New()\n\t\t\ts.Put(c.name, c.n)\n\t\t\tif err := s.Take(c.name, 4); !errors.Is(err, ErrShort) {\n\t\t\t\tt.Fatalf("Take(4 of %d) = %v, want ErrShort", c.n, err)\n\t\t\t}\n\t\t})\n\t}\n}\n', "errors")}
    yield Case("table", "set -x\ngo vet ./...\ngo test -run Table -v .", table, prepare=WARM, proof=r"Take\(4 of 5\) = <nil>, want ErrShort")
    vain = SHOP | {"e_test.go": test_file("inventory", 'func TestEcho(t *testing.T) {\n\tif got := strings.ToUpper("abc"); got != "abc" {\n\t\tt.Fatalf("echo of %q = %q", "abc", got)\n\t}\n}\n', "strings")}
    rerun = '"$LAB_CACHE/go-tools/gotestsum" --rerun-fails=2 --packages=./... --format standard-verbose'
    yield Case("reruns-in-vain", rerun, vain, prepare=tool("gotestsum", "gotest.tools/gotestsum@latest"), proof=r'echo of "abc" = "ABC"')
    example = SHOP | {"example_test.go": 'package inventory\n\nimport "fmt"\n\nfunc ExampleShelf_Articles() {\n\ts := New()\n\ts.Put("nut", 1)\n\tfmt.Println(s.Articles())\n\t// Output: [bolt nut]\n}\n'}
    yield Case("example", "go test -race -shuffle=on ./...", example, prepare=WARM, proof=r"^--- FAIL: ExampleShelf_Articles")


@scenario("go-test/panic", label="test_failure", needs=("go",))
def _panics() -> Iterator[Case]:
    yield Case("nil-map", "go test ./...", failing('\tvar s Shelf\n\ts.Put("bolt", 1)'), prepare=WARM, proof=r"^panic: assignment to entry in nil map")
    yield Case("index", "go test -v ./...", failing("\tall := New().Articles()\n\tt.Log(all[0])") | noisy_packages(8), prepare=WARM, proof=r"^panic: runtime error: index out of range \[0\] with length 0")
    yield Case("nil-pointer", "go test -count=1 .", failing('\tvar s *Shelf\n\t_ = s.Take("x", 1)'), prepare=WARM, proof=r"invalid memory address or nil pointer dereference")
    yield Case("exit", "go test ./...", failing('\tlog.Fatal("the shelf of memory is out of order: network")', "log"), prepare=WARM, proof=r"the shelf of memory is out of order|^FAIL\s+acme")
    deep = SHOP | {"tree.go": "package inventory\n\ntype node struct{ left *node }\n\nfunc (n *node) depth() int { return 1 + n.left.depth() }\n", "tree_test.go": test_file("inventory", "func TestDepth(t *testing.T) {\n\tn := &node{}\n\tn.left = n\n\tif n.depth() != 1 {\n\t\tt.Fail()\n\t}\n}\n")}
    yield Case("stack", "go test ./... 2>&1 | cut -c1-160 | head -60", deep, prepare=WARM, proof=r"goroutine stack exceeds 1000000000-byte limit")


@scenario("go-test/in-noise", label="test_failure", needs=("go",))
def _noise() -> Iterator[Case]:
    about = module("acme.example/retry") | {"retry.go": RETRY, "many_test.go": noisy_tests("retry", 200, "Unavailable")} | noisy_packages(10)
    about["retry_test.go"] = test_file("retry", 'func TestServer(t *testing.T) {\n\tfor attempt := range 3 {\n\t\tt.Logf("GET /items: 503 Service Unavailable, attempt %d, retrying", attempt)\n\t}\n\tt.Log("GET /items: 200 OK")\n}\n\nfunc TestLimit(t *testing.T) {\n\tif got := After(429, 9); got > 5*time.Second {\n\t\tt.Errorf("pause of %v after 429 Too Many Requests is over the limit", got)\n\t}\n}\n', "time")
    yield Case("about-429", "go test -v ./...", about, prepare=WARM, proof=r"pause of 51\.2s after 429 Too Many Requests is over the limit")
    cover = SHOP | noisy_packages(12) | {"shelf_test.go": test_file("inventory", 'func TestPut(t *testing.T) { New().Put("nut", 1) }\n')}
    script = "go test -coverprofile=cover.out ./...\ngo tool cover -func=cover.out\nshare=$(go tool cover -func=cover.out | awk '/^total/ { print int($3) }')\nif [ \"$share\" -lt 90 ]; then echo \"coverage of $share% is below the threshold of 90%\"; exit 1; fi"
    yield Case("coverage", script, cover, prepare=WARM, proof=r"is below the threshold of 90%")
    full = module("acme.example/spool") | {"spool.go": 'package spool\n\nimport (\n\t"errors"\n\t"syscall"\n)\n\n// Full tells whether a write failed for want of room.\nfunc Full(err error) bool { return errors.Is(err, syscall.EDQUOT) }\n', "many_test.go": noisy_tests("spool", 100, "OutOfMemory"), "spool_test.go": test_file("spool", 'func TestFull(t *testing.T) {\n\tif err := error(syscall.ENOSPC); !Full(err) {\n\t\tt.Errorf("Full(%q) = false, want true", err)\n\t}\n}\n', "syscall")}
    yield Case("about-disks", "set -x\ngo env\ngo test -v -json ./... > result.json || { grep -E 'Output' result.json | tail -120; exit 1; }", full, prepare=WARM, proof=r"Full\(.*no space left on device.*\) = false, want true")
    bench = SHOP | {"b_test.go": test_file("inventory", 'func BenchmarkTake(b *testing.B) {\n\tfor range 3 {\n\t\tif err := New().Take("nut", b.N); err != nil {\n\t\t\tb.Fatalf("take: %v", err)\n\t\t}\n\t}\n}\n\nfunc BenchmarkPut(b *testing.B) {\n\ts := New()\n\tfor range b.N {\n\t\ts.Put("x", 1)\n\t}\n}\n')}
    yield Case("benchmark", "go test -run '^$' -bench . -benchtime 200x -benchmem ./...", bench, prepare=WARM, proof=r"take: nut: want \d+, have 0: not enough on the shelf")


@scenario("go-test/data-race", label="flaky_test", needs=("go", "gcc"))
def _race() -> Iterator[Case]:
    body = '\ts := New()\n\tvar wg sync.WaitGroup\n\tfor i := range 8 {\n\t\twg.Add(1)\n\t\tgo func() {\n\t\t\tdefer wg.Done()\n\t\t\ttotal += i\n\t\t\t_ = s\n\t\t}()\n\t}\n\twg.Wait()'
    race = failing(body, "sync")
    race["total.go"] = "package inventory\n\nvar total int\n"
    yield Case("plain", "go test -race ./...", race, prepare=WARM, proof=r"^WARNING: DATA RACE")
    yield Case("verbose", "go test -race -v -count=1 ./...", race | noisy_packages(8), prepare=WARM, proof=r"^\s*WARNING: DATA RACE|race detected during execution of test")


@scenario("go-test/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=("go",))
def _flaky() -> Iterator[Case]:
    first = 'func warm(t *testing.T) bool {\n\tmark := os.TempDir() + "/warm.mark"\n\t_, err := os.Stat(mark)\n\t_ = os.WriteFile(mark, nil, 0o644)\n\tt.Log("worker started")\n\treturn err == nil\n}\n\n'
    poll = SHOP | {"poll_test.go": test_file("inventory", first + 'func TestWorkerAnswers(t *testing.T) {\n\tdone := make(chan struct{})\n\tif warm(t) {\n\t\tclose(done)\n\t}\n\tselect {\n\tcase <-done:\n\tcase <-time.After(400 * time.Millisecond):\n\t\tt.Fatal("no answer from the worker within 400ms")\n\t}\n}\n', "os", "time")}
    yield Case("poll", "go test ./...", poll, prepare=WARM, proof=r"no answer from the worker within 400ms")
    yield Case("poll-in-noise", "go vet ./...\ngo test -v ./...", poll | noisy_packages(16), prepare=WARM, proof=r"no answer from the worker within 400ms")
    ctx = SHOP | {"ctx_test.go": test_file("inventory", first + 'func TestStockArrives(t *testing.T) {\n\tctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)\n\tdefer cancel()\n\tif warm(t) {\n\t\treturn\n\t}\n\t<-ctx.Done()\n\tt.Errorf("waiting for stock: %v (12 polls, last count 4 of 5)", ctx.Err())\n}\n', "context", "os", "time")}
    yield Case("deadline", "go test -count=1 -run Stock .", ctx, prepare=WARM, proof=r"waiting for stock: context deadline exceeded")
    script = "go test ./... && exit 0\necho '--- rerun of what failed'\ngo test -count=1 -run 'TestWorkerAnswers' ./... && echo 'TestWorkerAnswers: 1 failure in 2 runs, marked as flaky' && exit 1"
    yield Case("second-run", script, poll, prepare=WARM, proof=r"marked as flaky")


@scenario("go-test/in-many-runs", label="flaky_test", needs=("go",))
def _many() -> Iterator[Case]:
    count = SHOP | {"c_test.go": test_file("inventory", "var runs int\n\nfunc TestShuffle(t *testing.T) {\n\truns++\n\tif runs%7 == 3 {\n\t\tt.Errorf(\"run %d of many: got order [2 1 3], want [1 2 3]\", runs)\n\t}\n}\n")}
    yield Case("count", "go test -v -count=20 ./...", count, prepare=WARM, proof=r"^--- FAIL: TestShuffle")


@scenario("go-test/never-ends", label="hang", needs=("go", "timeout"))
def _hang() -> Iterator[Case]:
    wait = failing("\tch := make(chan int)\n\tgo func() { time.Sleep(time.Hour) }()\n\tt.Log(<-ch)", "time")
    yield Case("test-timeout", "go test -timeout 3s ./...", wait, prepare=WARM, proof=r"^panic: test timed out after 3s")
    yield Case("test-timeout-verbose", "go test -v -timeout 2s ./...", wait | noisy_packages(10), prepare=WARM, proof=r"^panic: test timed out after 2s")
    dead = module("acme.example/pipe") | {"main.go": 'package main\n\nimport "fmt"\n\nfunc main() {\n\tjobs := make(chan int)\n\tfmt.Println("queueing")\n\tjobs <- 1\n\tfmt.Println(<-jobs)\n}\n'}
    yield Case("deadlock", "go run .", dead, prepare=WARM, proof=r"^fatal error: all goroutines are asleep - deadlock!")
    group = dead | {"main.go": 'package main\n\nimport "sync"\n\nfunc main() {\n\tvar wg sync.WaitGroup\n\twg.Add(2)\n\tgo wg.Done()\n\twg.Wait()\n}\n'}
    yield Case("wait-group", "set -x\ngo build -o pipe .\n./pipe", group, prepare=WARM, proof=r"^fatal error: all goroutines are asleep - deadlock!")
    busy = dead | {"main.go": 'package main\n\nimport "time"\n\nfunc main() {\n\tfor n := 0; ; n++ {\n\t\tprintln("waiting for the queue to drain, 3 left")\n\t\ttime.Sleep(500 * time.Millisecond)\n\t}\n}\n'}
    yield Case("killed", "go build -o drain .\ntimeout -v 5 ./drain", busy, prepare=WARM, proof=r"^timeout: sending signal TERM to command")


@scenario("go-test/says-nothing", label="unknown", needs=("go",))
def _unknown() -> Iterator[Case]:
    yield Case("exit", "go run .", module("acme.example/x") | {"x.go": 'package main\n\nimport "os"\n\nfunc main() { os.Exit(4) }\n'}, prepare=WARM)
    yield Case("fail-only", "go test ./... 2>&1 | grep -E '^(ok|FAIL|---)' ; exit ${PIPESTATUS[0]}", failing("\tt.Fail()") | noisy_packages(5), prepare=WARM, proof="", label="test_failure")
    yield Case("hidden", "echo 'checking modules'\ngo build ./... >/dev/null 2>&1\necho done", module("acme.example/x") | {"x.go": "package main\n"}, prepare=WARM)
