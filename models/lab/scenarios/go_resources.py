"""Go builds and tests that run out of memory, disk, descriptors or threads; and what earlier runs left behind."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.go_projects import INVENTORY, WARM, module, noisy_packages, noisy_tests, test_file

ROOT = module("acme.example/tiles")
EATER = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("loading all tiles")\n\tvar all [][]byte\n\tfor i := range 900 {\n\t\tpage := make([]byte, 1<<20)\n\t\tfor j := range page {\n\t\t\tpage[j] = byte(i)\n\t\t}\n\t\tall = append(all, page)\n\t}\n\tfmt.Println(len(all))\n}\n'


@scenario("go/killed-for-memory", label="out_of_memory", needs=("go",), root=True)
def _memory() -> Iterator[Case]:
    yield Case("program", "go build -o load .\n./load\necho loaded", ROOT | {"main.go": EATER}, prepare=WARM, limits=Limits(memory_mb=320), proof=r"Killed")
    test = EATER.replace("package main", "package tiles").replace('"fmt"', '(\n\t"fmt"\n\t"testing"\n)').replace("func main()", "func TestPlanet(t *testing.T)")
    yield Case("test", "go test ./...", ROOT | {"load_test.go": test} | noisy_packages(4), prepare=WARM, limits=Limits(memory_mb=330), proof=r"signal: killed")
    heavy = "".join(f"var t{n} = map[string][]int{{{', '.join(f'`k{n}_{i}`: {{{i}, {i + 1}, {i * 7}}}' for i in range(1500))}}}\n" for n in range(14))
    files = ROOT | {f"table{n}.go": f"package tiles\n\n{heavy.replace('var t', f'var t{n}_')}" for n in range(3)}
    yield Case("compiler", "go build ./...", files, prepare=WARM, limits=Limits(memory_mb=130), proof=r"signal: killed")
    yield Case("compiler-in-noise", "set -x\ngo test -v ./internal/...\ngo build -x ./...", files | noisy_packages(10), prepare=WARM + "go test ./internal/... >/dev/null\n", limits=Limits(memory_mb=130), proof=r"signal: killed")
    yield Case("limit", "go build -o load .\nulimit -v 1300000\n./load 2>&1 | head -40", ROOT | {"main.go": EATER.replace("range 900", "range 90000")}, prepare=WARM, proof=r"^fatal error: (?:runtime: )?(?:out of memory|cannot allocate memory)|runtime: out of memory|cannot allocate memory")


@scenario("go/disk-full", label="disk_full", needs=("go",), root=True)
def _disk() -> Iterator[Case]:
    full = r"no space left on device"
    hello = ROOT | {"main.go": 'package main\n\nimport (\n\t"fmt"\n\t"net/http"\n)\n\nfunc main() { fmt.Println(http.StatusOK) }\n'}
    yield Case("cache", "export GOCACHE=$PWD/.cache\ngo build ./...", hello, limits=Limits(disk_mb=12), proof=full)
    yield Case("output", "go build -o app .", hello, prepare=WARM, limits=Limits(disk_mb=2), proof=full)
    yield Case("temp", "go test ./...", hello | {"m_test.go": noisy_tests("main", 30, "Tile")}, prepare=WARM + "go vet ./...", limits=Limits(temp_mb=3), proof=full)
    spool = ROOT | {"s_test.go": test_file("tiles", 'func TestSpool(t *testing.T) {\n\tfor i := range 40 {\n\t\tif err := os.WriteFile(fmt.Sprintf("spool%d.bin", i), make([]byte, 1<<20), 0o644); err != nil {\n\t\t\tt.Fatal(err)\n\t\t}\n\t}\n}\n', "fmt", "os"), "n_test.go": noisy_tests("tiles", 80, "Page")}
    yield Case("test", "go test -v ./...", spool, prepare=WARM, limits=Limits(disk_mb=9), proof=full)
    yield Case("modules", "export GOMODCACHE=$PWD/mod\ngo mod download -x\ngo build ./...", module("acme.example/big", "\nrequire golang.org/x/text v0.14.0\n") | {"go.sum": ""}, prepare=WARM, limits=Limits(disk_mb=5), proof=full)


@scenario("go/too-many-open-files", label="resource_limit", needs=("go",))
def _files() -> Iterator[Case]:
    opens = ROOT | {"o_test.go": test_file("tiles", 'func TestShards(t *testing.T) {\n\tvar all []*os.File\n\tfor i := range 900 {\n\t\tf, err := os.Open("go.mod")\n\t\tif err != nil {\n\t\t\tt.Fatalf("shard %d: %v", i, err)\n\t\t}\n\t\tall = append(all, f)\n\t}\n}\n', "os"), "n_test.go": noisy_tests("tiles", 60, "Shard")}
    run = "go test -c -o shards.test .\nbash -c 'ulimit -n 256; ./shards.test -test.v'"
    yield Case("test", run, opens, prepare=WARM, proof=r"shard \d+: open go\.mod: too many open files")
    listen = ROOT | {"l_test.go": test_file("tiles", 'func TestPlayers(t *testing.T) {\n\tvar all []net.Listener\n\tfor range 500 {\n\t\tl, err := net.Listen("tcp", "127.0.0.1:0")\n\t\tif err != nil {\n\t\t\tt.Fatal(err)\n\t\t}\n\t\tall = append(all, l)\n\t}\n\tt.Log(len(all))\n}\n', "net")}
    yield Case("sockets", "set -x\ngo test -c -o lobby .\nulimit -n 200\n./lobby", listen, prepare=WARM, proof=r"too many open files")
    yield Case("threads", "go build -o spin .\n./spin 2>&1 | head -50", ROOT | {"main.go": 'package main\n\nimport (\n\t"runtime"\n\t"runtime/debug"\n\t"time"\n)\n\nfunc main() {\n\tdebug.SetMaxThreads(40)\n\tfor range 60 {\n\t\tgo func() {\n\t\t\truntime.LockOSThread()\n\t\t\ttime.Sleep(time.Minute)\n\t\t}()\n\t}\n\ttime.Sleep(3 * time.Second)\n}\n'}, prepare=WARM, proof=r"program exceeds 40-thread limit|thread exhaustion")
    yield Case("file-size", "go build -o trace .\ntrap '' XFSZ\nulimit -f 1000\n./trace", ROOT | {"main.go": 'package main\n\nimport (\n\t"log"\n\t"os"\n)\n\nfunc main() {\n\tf, _ := os.Create("trace.out")\n\tfor i := range 5000 {\n\t\tif _, err := f.Write(make([]byte, 1024)); err != nil {\n\t\t\tlog.Fatalf("trace record %d: %v", i, err)\n\t\t}\n\t}\n}\n'}, prepare=WARM, proof=r"file too large")


@scenario("go/left-behind", label="stale_state", needs=("go", "python3"))
def _stale() -> Iterator[Case]:
    left = "python3 -c 'import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); open(\"port\", \"w\").write(str(s.getsockname()[1])); time.sleep(90)' &\nwhile [ ! -s port ]; do sleep 0.1; done\nexport PORT=$(cat port)\n"
    serve = ROOT | {"main.go": 'package main\n\nimport (\n\t"log"\n\t"net/http"\n\t"os"\n)\n\nfunc main() {\n\tlog.Println("serving tiles")\n\tlog.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))\n}\n'}
    yield Case("port", left + "go run .", serve, prepare=WARM, proof=r"bind: address already in use")
    test = ROOT | {"p_test.go": test_file("tiles", 'func TestMain(m *testing.M) {\n\tif _, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT")); err != nil {\n\t\tpanic("fixture server: " + err.Error())\n\t}\n\tos.Exit(m.Run())\n}\n\nfunc TestX(t *testing.T) {}\n', "net", "os")}
    yield Case("port-of-fixture", left + "go test ./...", test | noisy_packages(8), prepare=WARM, proof=r"bind: address already in use")
    lock = 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n\tif err := os.Mkdir("state.lock", 0o755); err != nil {\n\t\tfmt.Fprintf(os.Stderr, "state is locked by an earlier run: %v\\n", err)\n\t\tos.Exit(1)\n\t}\n}\n'
    yield Case("lock", "set -x\ngo build -o plan .\n./plan", ROOT | {"main.go": lock}, prepare=WARM + "mkdir state.lock", proof=r"state is locked by an earlier run: mkdir state\.lock: file exists")


@scenario("go-passes/long", label="passed", needs=("go",))
def _passed() -> Iterator[Case]:
    shop = module("acme.example/inventory") | {"shelf.go": INVENTORY, "n_test.go": noisy_tests("inventory", 150, "ConnectionRefused")} | noisy_packages(16)
    yield Case("verbose", "set -x\ngo version\ngo env\ngo vet ./...\ngo test -v ./...", shop, prepare=WARM)
    yield Case("json", "go build -v ./...\ngo test -json ./...", shop, prepare=WARM)
    yield Case("words", "go build ./nothing-here || echo 'no such package: allowed to fail'\ngo test -race -cover ./...\ngofmt -l .", shop, prepare=WARM)
    survive = ROOT | {"r_test.go": test_file("tiles", 'func TestRetries(t *testing.T) {\n\tfor _, s := range []string{"503 Service Unavailable", "dial tcp: i/o timeout", "200 OK"} {\n\t\tlog.Printf("error: GET /tiles: %s", s)\n\t}\n\tdefer func() { t.Log("recovered: ", recover()) }()\n\tpanic("out of memory")\n}\n\nfunc TestDisk(t *testing.T) { t.Skip("needs a full disk: no space left on device") }\n', "log"), "n_test.go": noisy_tests("tiles", 70, "Failure")}
    yield Case("survived", "go test -v ./...\necho 'FAILED: 0'", survive, prepare=WARM)
