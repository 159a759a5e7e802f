"""What the go command refuses before it compiles: modules, sums, versions, tools that are missing, damaged caches."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.go_projects import WARM, module, noisy_packages

USES = 'package main\n\nimport (\n\t"fmt"\n\n\t"github.com/google/uuid"\n)\n\nfunc main() { fmt.Println(uuid.NewString()) }\n'
WITH = module("acme.example/ids", "\nrequire github.com/google/uuid v1.6.0\n") | {"main.go": USES}
READY = WARM + "go mod tidy\n"


@scenario("go-mod/out-of-date", label="dependency_conflict", needs=("go",))
def _stale() -> Iterator[Case]:
    yield Case("no-sum", "go build ./...", WITH, prepare=READY + "rm go.sum", proof=r"missing go\.sum entry")
    yield Case("sum-lines", "go test ./...", WITH | noisy_packages(3), prepare=READY + "sed -i /h1:/d go.sum", proof=r"missing go\.sum entry")
    yield Case("sum-of-zip", "go vet ./...", WITH, prepare=READY + "sed -i '\\#uuid v1.6.0 h1#d' go.sum", proof=r"missing go\.sum entry")
    old = module("acme.example/lib", "\nrequire acme.example/core v0.0.0\n\nreplace acme.example/core => ./core\n") | {"a.go": 'package lib\n\nimport _ "acme.example/core"\n'}
    old |= {"core/go.mod": "module acme.example/core\n\ngo 1.22\n\nrequire acme.example/deep v0.3.0\n\nreplace acme.example/deep => ../deep\n", "core/c.go": 'package core\n\nimport _ "acme.example/deep"\n', "deep/go.mod": "module acme.example/deep\n\ngo 1.22\n", "deep/d.go": "package deep\n"}
    old["go.mod"] += "replace acme.example/deep => ./deep\n"
    yield Case("updates-needed", "go build ./...", old, prepare=WARM, proof=r"updates to go\.mod needed")
    yield Case("readonly", "set -x\ngo env GOFLAGS\ngo list -mod=readonly -m all\ngo build -mod=readonly ./...", old, prepare=WARM, proof=r"updates to go\.mod needed")
    yield Case("vendor", "go build ./...", WITH, prepare=READY + "go mod vendor\nsed -i s/1.6.0/1.5.0/ go.mod", proof=r"inconsistent vendoring in")
    yield Case("tidy-diff", "go test ./...\ngo mod tidy -diff", WITH | noisy_packages(2) | {"main.go": "package main\n\nfunc main() {}\n"}, prepare=READY.replace("go mod tidy", "true"), proof=r"^-require github\.com/google/uuid")


@scenario("go-mod/invalid", label="configuration_error", needs=("go",))
def _invalid() -> Iterator[Case]:
    yield Case("syntax", "go build ./...", {"go.mod": "module acme.example/x\n\ngo 1.22\n\nrequires github.com/google/uuid v1.6.0\n", "x.go": "package x\n"}, prepare=WARM, proof=r"go\.mod:5: unknown directive: requires")
    yield Case("no-module", "go build", {"main.go": "package main\n\nfunc main() {}\n"}, prepare=WARM, proof=r"go: go\.mod file not found in current directory|cannot find main module")
    yield Case("too-new", "go build ./...", module("acme.example/x", go="1.99") | {"x.go": "package x\n"}, env={"GOTOOLCHAIN": "local"}, prepare=WARM, proof=r"go\.mod requires go >= 1\.99 \(running go 1\.\d+")
    yield Case("too-new-in-workspace", "go test ./app/...", {"go.work": "go 1.97.1\n\nuse ./app\n", "app/go.mod": "module acme.example/app\n\ngo 1.22\n", "app/a.go": "package app\n"}, env={"GOTOOLCHAIN": "local"}, prepare=WARM, proof=r"go\.work requires go >= 1\.97\.1")
    yield Case("go-version", "go vet ./...", module("acme.example/x", go="v1.22") | {"x.go": "package x\n"}, prepare=WARM, proof=r"invalid go version 'v1\.22'")
    yield Case("work-member", "go build ./...", {"go.work": "go 1.22\n\nuse ./server\nuse ./shared\n", "server/go.mod": "module acme.example/server\n\ngo 1.22\n", "server/s.go": "package server\n"}, prepare=WARM, proof=r"cannot load module shared listed in go\.work file|open shared/go\.mod: no such file")
    yield Case("embed", "go build ./...", module("acme.example/site") | {"site.go": 'package site\n\nimport "embed"\n\n//go:embed dist/*.html\nvar Pages embed.FS\n'}, prepare=WARM, proof=r"pattern dist/\*\.html: no matching files found")
    yield Case("flag", "go build -ldflag=-s -trimpath ./...", module("acme.example/x") | {"x.go": "package x\n"}, prepare=WARM, proof=r"flag provided but not defined: -ldflag")
    yield Case("no-directory", "go build ./cmd/server", module("acme.example/x") | {"cmd/api/main.go": "package main\n\nfunc main() {}\n"}, prepare=WARM, proof=r"directory not found|stat .*cmd/server: (?:directory|no such)")
    yield Case("goflags", "go build ./...", module("acme.example/x") | {"x.go": "package x\n"}, env={"GOFLAGS": "-mod=vendored"}, prepare=WARM.replace("go ", "go "), proof=r"invalid (?:value|-mod|GOFLAGS)|-mod.*vendored")


@scenario("go/tools-missing", label="configuration_error", needs=("go",))
def _tools() -> Iterator[Case]:
    cgo = module("acme.example/zip") | {"z.go": 'package zip\n\n/*\n#include <zlib9.h>\n*/\nimport "C"\n\nvar Version = C.ZLIB9_VERSION\n'}
    yield Case("header", "go build ./...", cgo, prepare=WARM, proof=r"fatal error: zlib9\.h: No such file or directory")
    yield Case("no-gcc", "export CC=riscv64-none-gcc\nCGO_ENABLED=1 go build ./...", cgo, prepare=WARM, proof=r'cgo: C compiler "riscv64-none-gcc" not found')
    yield Case("race-without-cgo", "CGO_ENABLED=0 go test -race ./...", module("acme.example/x") | {"x.go": "package x\n"}, prepare=WARM, proof=r"-race requires cgo")
    pkg = module("acme.example/cam") | {"c.go": 'package cam\n\n// #cgo pkg-config: libzcamera9\n// int dummy;\nimport "C"\n\nvar X = C.dummy\n'}
    yield Case("pkg-config", "go vet -v ./...\ngo build ./...", pkg, prepare=WARM, proof=r"Package libzcamera9 was not found|No package 'libzcamera9' found")
    yield Case("library", "go build .", module("acme.example/mag") | {"m.go": 'package main\n\n// #cgo LDFLAGS: -lzmag9\n// int zmag(void);\nimport "C"\n\nfunc main() { C.zmag() }\n'}, prepare=WARM, proof=r"cannot find -lzmag9")
    generate = module("acme.example/api") | {"api.go": "package api\n\n//go:generate protoc-gen-zgo --out gen api.proto\n"} | noisy_packages(10)
    yield Case("generator", "go test -v ./...\ngo generate ./...", generate, prepare=WARM, proof=r'running "protoc-gen-zgo": exec: "protoc-gen-zgo": executable file not found in \$PATH')
    yield Case("linter", "set -x\ngo build ./...\ngo vet ./...\ngolangci-lint-v9 run --timeout 5m", generate, prepare=WARM, proof=r"golangci-lint-v9: command not found")
    yield Case("platform", "GOOS=linux GOARCH=sparc go build ./...", module("acme.example/x") | {"x.go": "package x\n"}, prepare=WARM, proof=r"unsupported GOOS/GOARCH pair linux/sparc")
    yield Case("exec-format", "GOARCH=arm64 go build -o app .\n./app", module("acme.example/x") | {"x.go": "package main\n\nfunc main() { println(1) }\n"}, prepare=WARM, proof=r"[Ee]xec format error|cannot execute binary file")
    yield Case("variable", "go run .", module("acme.example/x") | {"x.go": 'package main\n\nimport (\n\t"log"\n\t"os"\n)\n\nfunc main() {\n\tif os.Getenv("DATABASE_URL") == "" {\n\t\tlog.Fatal("DATABASE_URL is not set; see .env.example")\n\t}\n}\n'}, prepare=WARM, proof=r"DATABASE_URL is not set")
    yield Case("permission", "go build -o app .\nchmod 644 app\n./app --migrate", module("acme.example/x") | {"x.go": "package main\n\nfunc main() {}\n"}, prepare=WARM, proof=r"\./app: Permission denied")


@scenario("go-mod/checksum", label="corrupt_artifact", needs=("go",))
def _checksum() -> Iterator[Case]:
    spoil = READY + "sed -i '/h1:/s/h1:..../h1:AAAA/' go.sum\n"
    yield Case("fresh", "go build ./...", WITH, prepare=spoil + "go clean -modcache", proof=r"verifying github\.com/google/uuid@v1\.6\.0(?:/go\.mod)?: checksum mismatch")
    yield Case("cached", "go test ./...", WITH | noisy_packages(2), prepare=spoil, proof=r"verifying github\.com/google/uuid@v1\.6\.0(?:/go\.mod)?: checksum mismatch")
    yield Case("verify", "go mod verify", WITH, prepare=READY + "echo '// patched' >> ~/go/pkg/mod/github.com/google/uuid@v1.6.0/uuid.go", proof=r"github\.com/google/uuid v1\.6\.0: dir has been modified")
    yield Case("late", "set -x\ngo build -v ./internal/...\ngo test -v ./internal/...\ngo mod download -x", WITH | noisy_packages(16), prepare=spoil + "go clean -modcache", proof=r"checksum mismatch$")


@scenario("go-mod/damaged-cache", label="corrupt_artifact", heals="purge_cache", needs=("go",))
def _damaged() -> Iterator[Case]:
    zipped = "z=$(ls ~/go/pkg/mod/cache/download/github.com/google/uuid/@v/v1.6.0.zip)\n"
    spoil = READY + zipped + "head -c 9000 $z > x && mv x $z\nrm -rf ~/go/pkg/mod/github.com\n"
    yield Case("short-zip", "go build ./...", WITH, prepare=spoil, proof=r"zip: not a valid zip file")
    yield Case("short-zip-hash", "go test -v ./...", WITH | noisy_packages(4), prepare=spoil + "rm -f ${z}hash", proof=r"zip: not a valid zip file")
