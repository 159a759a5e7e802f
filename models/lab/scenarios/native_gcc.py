"""C, C++, Fortran and assembler that does not compile, and compilers that cannot."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, in_steps, noisy

METER = """#include <stdio.h>
#include "meter.h"

int meter_read(struct meter *m)
{
    int total = 0;
    for (int i = 0; i < m->count; i++)
        total += m->values[i]
    return total;
}
"""
METER_H = "#pragma once\nstruct meter { int count; int values[8]; };\nint meter_read(struct meter *m);\n"
SHAPES = """#include <map>
#include <memory>
#include <string>
#include <vector>

struct Shape { virtual double area() const = 0; virtual ~Shape() = default; };
struct Square : Shape { double side = 1; double area() { return side * side; } };

int main() {
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.push_back(std::make_unique<Square>());
    std::map<std::string, int> index;
    index[42] = "answer";
    return shapes.size() + index.size();
}
"""
HEAVY = "#include <array>\n#include <map>\n#include <regex>\n#include <string>\n#include <unordered_map>\n#include <functional>\n#include <iostream>\n" + "".join(
    f"std::map<int, std::unordered_map<std::string, std::array<std::function<int({t})>, {n + 2}>>> table_{n};\nvoid use_{n}() {{ std::regex r(\"a{n}\"); for (auto &p : table_{n}) std::cout << p.second.size(); }}\n"
    for n, t in enumerate(("int", "long", "char", "double", "float", "short", "unsigned", "bool") * 2)
)


@scenario("gcc/rejects-c", label="compile_error", needs=("gcc",))
@in_steps
def _rejects_c() -> Iterator[Case]:
    yield Case("missing-semicolon", "gcc -Wall -c meter.c", {"meter.c": METER, "meter.h": METER_H}, proof=r"error: expected ‘;’|error: expected ';'")
    yield Case("own-header-missing", "gcc -std=c11 -O2 -c src/ledger.c -o ledger.o", {"src/ledger.c": '#include "ledger_types.h"\nint ledger(void) { return 0; }\n'}, proof=r"fatal error: ledger_types.h")
    yield Case("undeclared", "set -x\ncc -g -Iinclude -c tcp.c", {"tcp.c": "#include <errno.h>\nint wait_reply(int fd)\n{\n    if (fd < 0) return ETIMEDOUT;\n    return timeout_ms;\n}\n"}, proof=r"error: ‘timeout_ms’ undeclared|error: 'timeout_ms'")
    yield Case("ascii-locale", "LC_ALL=C gcc -c pool.c", {"pool.c": "struct pool;\nint size(struct pool *p) { return p->bytes; }\n"}, proof=r"error: invalid use of undefined type")
    yield Case(
        "werror",
        "gcc -Wall -Wextra -Werror -c alloc.c",
        {"alloc.c": "#include <stdlib.h>\nvoid *grab(size_t n)\n{\n    int unused;\n    void *p = malloc(n);\n    if (!p) { /* out of memory */ }\n    return 0;\n}\n"},
        proof=r"error: unused variable|error: variable",
    )
    yield Case("conflicting-types", "gcc -fdiagnostics-color=always -c a.c", {"a.c": "int connect_to(const char *host);\nlong connect_to(const char *host, int port) { return port; }\n"}, proof=r"conflicting types")


@scenario("g++/rejects-cpp", label="compile_error", needs=("g++",))
@in_steps
def _rejects_cpp() -> Iterator[Case]:
    yield Case("abstract-and-assignment", "g++ -std=c++17 -c shapes.cpp", {"shapes.cpp": SHAPES}, proof=r"error: invalid (?:new-expression|conversion)")
    yield Case(
        "concept",
        "g++ -std=c++20 -c sum.cc",
        {"sum.cc": "#include <concepts>\n#include <string>\ntemplate <std::integral T> T twice(T v) { return v + v; }\nauto bad = twice(std::string(\"x\"));\n"},
        proof=r"error: no matching function",
    )
    yield Case("static-assert", "g++ -c frame.cc", {"frame.cc": 'struct Frame { char tag; long body; };\nstatic_assert(sizeof(Frame) == 9, "frame must be packed for the wire");\n'}, proof=r"static assertion failed")
    yield noisy(
        Case("deleted-copy", "g++ -std=c++17 -Wall -c queue.cpp", {"queue.cpp": "#include <mutex>\n#include <vector>\nstruct Job { std::mutex m; int id; };\nint main() { std::vector<Job> q; Job j; q.push_back(j); }\n"}, proof=r"error: use of deleted function|error: call to deleted"),
        "make", after=CLEANUP,
    )
    yield Case("lint-like-names", "g++ -std=c++14 -c f.cpp", {"f.cpp": "#include <optional>\nstd::optional<int> http_timeout_503();\n"}, proof=r"error: ‘optional’ in namespace|error: 'optional'")


@scenario("clang/rejects", label="compile_error", needs=("clang", "clang++"))
@in_steps
def _clang() -> Iterator[Case]:
    yield Case("c", "clang -Wall -c meter.c", {"meter.c": METER, "meter.h": METER_H}, proof=r"error: expected ';'")
    yield Case("cpp", "clang++ -std=c++17 -fno-color-diagnostics -c shapes.cpp", {"shapes.cpp": SHAPES}, proof=r"(?:^|: )error: ")
    yield Case("weverything", "clang -Weverything -Werror -c hash.c", {"hash.c": "unsigned hash(const char *s) { unsigned h = 5381; while (*s) h = h * 33 + *s++; return h; }\n"}, proof=r"error: .*\[-Werror")
    yield Case("template-depth", "clang++ -ftemplate-depth=64 -c fact.cpp 2>&1 | head -60; exit ${PIPESTATUS[0]}", {"fact.cpp": "template <int N> struct F { static const long v = N * F<N - 1>::v; };\nlong x = F<5>::v;\n"}, proof=r"recursive template instantiation exceeded")


@scenario("ld/cannot-link", label="compile_error", needs=("gcc", "ld.gold", "ld.lld"))
@in_steps
def _link() -> Iterator[Case]:
    main = "int vat(int);\nint main(void) { return vat(3); }\n"
    yield Case("undefined", "gcc -c main.c && gcc main.o -o app", {"main.c": main}, proof=r"undefined reference to")
    yield Case("undefined-gold", "gcc -fuse-ld=gold main.c -o app", {"main.c": main}, proof=r"undefined reference to")
    yield Case("undefined-lld", "gcc -fuse-ld=lld main.c -o app", {"main.c": main}, proof=r"undefined symbol: vat")
    yield Case("twice", "g++ -o game board.cpp player.cpp", {"board.cpp": "int score = 1;\nint main() { return score; }\n", "player.cpp": "int score = 2;\n"}, proof=r"multiple definition of")
    yield Case("wrong-order", "gcc -c vat.c main.c\nar rcs libvat.a vat.o\ngcc -L. -lvat main.o -o bill", {"main.c": main, "vat.c": "int vat(int n) { return n * 19 / 100; }\n"}, proof=r"undefined reference to")
    yield noisy(Case("no-main", "gcc -o tool util.c", {"util.c": "int util(void) { return 1; }\n"}, proof=r"undefined reference to `main'"), "make")


@scenario("gcc/toolchain-lacks", label="configuration_error", needs=("gcc",))
@in_steps
def _lacks() -> Iterator[Case]:
    hello = {"hello.c": "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"}
    yield Case("library", "gcc hello.c -lsodium_fork -o hello", hello, proof=r"cannot find -lsodium_fork")
    yield Case("third-party-header", "gcc -c tls.c", {"tls.c": "#include <wolfssl/ssl.h>\nint main(void) { return 0; }\n"}, proof=r"fatal error: wolfssl/ssl.h")
    yield Case("no-compiler", "export CC=gcc-14\n$CC -c hello.c", hello, proof=r"gcc-14: command not found", exit_code=127)
    yield Case("32-bit", "gcc -m32 hello.c -o hello32", hello, proof=r"bits/libc-header-start.h|cannot find|gnu/stubs-32.h|skipping incompatible")
    yield Case("unknown-option", "g++ -std=c++26 -fmodules-ts -x c++ -c hello.c", hello, proof=r"unrecognized command-line option")
    yield Case("bad-arch", "set -x\ngcc -O3 -march=znver9 -c hello.c", hello, proof=r"bad value|unknown")
    yield Case("no-front-end", "gcc -O2 -c scheduler.d", {"scheduler.d": "module scheduler;\n"}, proof=r"cannot execute .d21|d21")
    yield noisy(Case("missing-input", "gcc -o server main.c net/epoll.c", {"main.c": "int main(void) { return 0; }\n"}, proof=r"net/epoll.c: No such file"), "make", "environment", after=CLEANUP)


@scenario("gcc/other-compilers-objects", label="stale_state", needs=("gcc", "gcc-11"))
@in_steps
def _stale_objects() -> Iterator[Case]:
    files = {"core.c": "int core(void) { return 4; }\n", "main.c": "int core(void);\nint main(void) { return core(); }\n", "Makefile": "CFLAGS = -O2 -flto\napp: main.o core.o\n\tgcc $(CFLAGS) -o $@ $^\n"}
    yield Case("lto-bytecode", "echo 'Restored build/ from cache linux-build-main'\nmake", files, prepare="gcc-11 -O2 -flto -c core.c", proof=r"bytecode stream|LTO version")
    yield Case(
        "precompiled-header",
        "gcc -Winvalid-pch -Werror -include all.h -c main.c",
        {"all.h": "#include <stdio.h>\n", "main.c": "int main(void) { puts(\"x\"); return 0; }\n"},
        prepare="gcc-11 all.h",
        proof=r"created by a different GCC executable|all\.h\.gch: (?:created|not used)",
    )


@scenario("gcc/broken-inputs", label="corrupt_artifact", needs=("gcc", "ar"))
@in_steps
def _broken() -> Iterator[Case]:
    files = {"codec.c": "int codec(void) { return 4; }\n", "main.c": "int codec(void);\nint main(void) { return codec(); }\n"}
    make = "gcc -c codec.c && ar rcs libcodec.a codec.o\n"
    yield Case("archive-short", "echo 'cache hit: prebuilt-libs-x86_64'\ngcc main.c libcodec.a -o player", files, prepare=make + "truncate -s 90 libcodec.a", proof=r"malformed archive|file truncated|no more archived files")
    yield Case("archive-zero", "gcc main.c libcodec.a -o player", files, prepare=make + "n=$(stat -c %s libcodec.a); head -c $n /dev/zero > libcodec.a", proof=r"file format not recognized")
    yield Case("object-short", "gcc -c main.c\ngcc main.o codec.o -o player", files, prepare=make + "truncate -s 700 codec.o", proof=r"file truncated|file format not recognized|codec.o: ")


@scenario("gcc/killed-for-memory", label="out_of_memory", heals="fewer_workers", needs=("g++", "make"), root=True)
@in_steps
def _memory() -> Iterator[Case]:
    files = {f"{one}.cpp": HEAVY for one in ("parser", "planner", "router", "render")} | {
        "Makefile": "OBJS = parser.o planner.o router.o render.o\nall: $(OBJS)\n%.o: %.cpp\n\tg++ -std=c++17 -O2 -c $< -o $@\n"
    }
    limit = Limits(memory_mb=420)
    proof = r"Killed signal terminated program cc1plus"
    yield Case("make-j4", "make -j4", files, proof=proof, limits=limit, timeout_s=180)
    yield Case("make-j-silent", "make -s -j4 all", files, proof=proof, limits=limit, timeout_s=180)
    many = "cmake_minimum_required(VERSION 3.16)\nproject(maps CXX)\nadd_library(maps parser.cpp planner.cpp router.cpp render.cpp)\n"
    yield Case("ninja", "cmake -G Ninja -B build . && ninja -C build -j4", {**files, "CMakeLists.txt": many}, proof=proof, limits=limit, timeout_s=180)


@scenario("gcc/more-memory-than-there-is", label="out_of_memory", needs=("g++",), root=True)
@in_steps
def _too_much() -> Iterator[Case]:
    table = "#include <cstdint>\nconstexpr unsigned N = 4000000;\nstruct T { std::uint64_t v[N]; constexpr T() : v() { for (unsigned i = 0; i < N; i++) v[i] = i * 7; } };\nextern constexpr T t{};\n"
    # One alone is too much here: nothing that guard may change helps.
    yield Case("constexpr-table", "g++ -std=c++17 -fconstexpr-ops-limit=100000000 -fconstexpr-loop-limit=10000000 -c table.cpp", {"table.cpp": table}, proof=r"Killed signal terminated program cc1plus", limits=Limits(memory_mb=300))
    yield Case("virtual-memory", "g++ -std=c++17 -O2 -c parser.cpp", {"parser.cpp": HEAVY}, proof=r"out of memory allocating|virtual memory exhausted|Cannot allocate memory", limits=Limits(address_space_mb=160))
    blob = {"big.s": ".data\n.globl blob\nblob: .fill 150000000, 1, 7\n"}
    yield Case("linker", "ld -r big.o -o huge.o", blob, prepare="gcc -c big.s -o big.o", proof=r"memory exhausted|Cannot allocate memory|out of memory", limits=Limits(address_space_mb=120))


@scenario("gcc/no-space", label="disk_full", heals="move_temp", needs=("gcc", "g++"), root=True)
@in_steps
def _space() -> Iterator[Case]:
    big = {"lut.c": "int main(void) { return 0; }\n" + "".join(f"const int lut_{n}[] = {{{', '.join(str(i) for i in range(400))}}};\n" for n in range(500))}
    yield Case("temp", "gcc -O1 -c lut.c", big, proof=r"No space left on device", limits=Limits(temp_mb=1))
    yield Case("temp-asm", "g++ -save-temps=obj -c -x c++ lut.c -o out/lut.o || gcc -O0 -c lut.c -o lut.o", big, proof=r"No space left on device", limits=Limits(temp_mb=1))


@scenario("ld/no-space", label="disk_full", heals="", needs=("gcc",), root=True)
@in_steps
def _link_space() -> Iterator[Case]:
    files = {"blob.s": ".data\n.globl blob\nblob: .fill 3000000, 1, 7\n", "main.c": "int main(void) { return 0; }\n"}
    yield Case("final-link", "gcc -c blob.s -o blob.o\ngcc main.c blob.o -o firmware.elf", files, proof=r"No space left on device", limits=Limits(disk_mb=4))
    yield Case("inodes", "for n in $(seq 40); do echo \"int f$n(void) { return $n; }\" > unit$n.c; gcc -c unit$n.c; done", {}, proof=r"No space left on device", limits=Limits(disk_mb=40, inodes=40))


@scenario("gfortran/rejects", label="compile_error", needs=("gfortran", "nasm"))
@in_steps
def _others() -> Iterator[Case]:
    yield Case("type", "gfortran -Wall -c heat.f90", {"heat.f90": "program heat\n  implicit none\n  integer :: steps\n  steps = 'ten'\n  temp = 3.0\nend program heat\n"}, proof=r"^Error: ")
    yield Case("module", "gfortran -c wave.f90", {"wave.f90": "program wave\n  use grid_types\n  implicit none\nend program wave\n"}, proof=r"Fatal Error: Cannot open module file|grid_types.mod")
    yield Case("nasm-symbol", "nasm -f elf64 boot.asm -o boot.o", {"boot.asm": "section .text\nglobal _start\n_start:\n    mov rax, exit_code\n    moov rdi, 1\n    syscall\n"}, proof=r"error: ")
    yield Case("gas", "gcc -c isr.s", {"isr.s": ".text\nisr:\n    movq %eax, %rbx\n    iretqq\n"}, proof=r"Error: ")


@scenario("gcc/passes", label=PASSED, needs=("gcc", "make"))
def _passes() -> Iterator[Case]:
    yield noisy(Case("warnings", "gcc -Wall -o app main.c && ./app", {"main.c": "#include <stdio.h>\nint main(void) { int error; puts(\"0 errors, 0 failed\"); return 0; }\n"}), "make", after=CLEANUP)
    yield noisy(Case("probes", "gcc -Wall -c main.c", {"main.c": "int main(void) { return 0; }\n"}), "configure", "environment")
