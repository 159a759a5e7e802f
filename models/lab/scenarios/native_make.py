"""make, autotools, Meson and Ninja: builds whose description, tools or steps fail."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, in_steps, noisy

TREE = {
    "Makefile": "SUBDIRS = lib daemon tools\nall: $(SUBDIRS)\n$(SUBDIRS):\n\t$(MAKE) -C $@\n.PHONY: all $(SUBDIRS)\n",
    "lib/Makefile": "all: ring.o clock.o\n%.o: %.c\n\t$(CC) -Wall -O2 -c $<\n",
    "lib/ring.c": "int ring_push(int *r, int v) { r[0] = v; return 0; }\n",
    "lib/clock.c": "long clock_now(void) { return 0; }\n",
    "daemon/Makefile": "all: main.o\n%.o: %.c\n\t$(CC) -Wall -O2 -c $<\n",
    "daemon/main.c": "int main(void) { return ring_pop(0) }\n",
    "tools/Makefile": "all: dump.o\n%.o: %.c\n\t$(CC) -Wall -O2 -c $<\n",
    "tools/dump.c": "int dump(char *s) { int failed = 0; return s != 0; }\n",
}
MESON = "project('tides', 'c', version: '0.4', default_options: ['warning_level=2'])\n"


@scenario("make/build-description", label="configuration_error", needs=("make",))
@in_steps
def _description() -> Iterator[Case]:
    yield Case("no-rule", "make", {"Makefile": "app: main.o parser.o\n\tcc -o $@ $^\n%.o: src/%.c\n\tcc -c $< -o $@\n", "src/main.c": "int main(void){return 0;}\n"}, proof=r"No rule to make target")
    yield Case("unknown-target", "set -x\nmake build\nmake integration-tests", {"Makefile": "build:\n\t@echo building\n"}, proof=r"No rule to make target .integration-tests")
    yield Case("separator", "make -j2", {"Makefile": "all: app\napp:\n        gcc -o app app.c\n"}, proof=r"missing separator")
    yield Case("no-makefile", "cd services && make all", {"services/README": "x"}, proof=r"No targets specified and no makefile|No rule to make target")
    yield Case("include", "make V=1 test", {"Makefile": "include config/toolchain.mk\ntest:\n\t@echo ok\n"}, proof=r"config/toolchain.mk: No such file")
    yield noisy(Case("recipe-tool", "make docs", {"Makefile": "docs:\n\t@echo Building manual\n\tasciidoctor-pdf manual.adoc\n"}, proof=r"asciidoctor-pdf: (?:No such file|not found|command not found)"), "unittest", after=CLEANUP)
    yield Case("recipe-rights", "make package", {"Makefile": "package:\n\t./scripts/package.sh 1.4\n", "scripts/package.sh": "#!/bin/sh\necho packing\n"}, proof=r"Permission denied")
    yield Case("guard-variable", "make release", {"Makefile": "release:\nifndef VERSION\n\t$(error VERSION is not set, call make release VERSION=x.y)\nendif\n\techo $(VERSION)\n"}, proof=r"VERSION is not set")


@scenario("make/code", label="compile_error", needs=("make", "gcc"))
@in_steps
def _code() -> Iterator[Case]:
    yield Case("recursive-keep-going", "make -k", TREE, proof=r"main\.c:1.*(?:error|warning: implicit)")
    yield Case("recursive-parallel", "make -j3 --output-sync=target --no-print-directory", TREE, proof=r"main\.c:1.*(?:error: expected)")
    yield noisy(Case("after-long-build", "make -k -j2 V=1", TREE, proof=r"main\.c:1.*error"), "make", "configure", after=CLEANUP)
    ignored = "all: check build\ncheck:\n\t-@test -e /nonexistent/licence\n\t-@false\nbuild:\n\t$(CC) -c wheel.c\n"
    yield Case("after-ignored-errors", "make", {"Makefile": ignored, "wheel.c": "int spin(void) { return rpm; }\n"}, proof=r"‘rpm’ undeclared|'rpm' undeclared")


@scenario("make/says-nothing", label="unknown", needs=("make",))
@in_steps
def _nothing() -> Iterator[Case]:
    yield Case("silent", "make -s all", {"Makefile": "all:\n\t@sh -c 'exit 1' >/dev/null 2>&1\n"})
    yield Case("output-lost", "make package", {"Makefile": "package:\n\t@echo packaging\n\t@./pack.sh > pack.log 2>&1\n", "pack.sh": "#!/bin/sh\nexit 3\n"}, prepare="chmod +x pack.sh")
    yield noisy(Case("false", "make -s seal", {"Makefile": "seal:\n\t@sh -c 'kill -USR1 $$$$' 2>/dev/null\n"}), "make")


@scenario("make/check-fails", label="test_failure", needs=("make", "gcc"))
@in_steps
def _check() -> Iterator[Case]:
    script = {
        "Makefile": "check: calc\n\t@sh tests/run.sh\ncalc: calc.c\n\t$(CC) -o $@ $<\n",
        "calc.c": "#include <stdio.h>\n#include <stdlib.h>\nint main(int c, char **v) { (void)c; printf(\"%d\\n\", atoi(v[1]) + atoi(v[2]) * 2); return 0; }\n",
        "tests/run.sh": "fail=0\nt() { got=$(./calc $2 $3); if [ \"$got\" = \"$4\" ]; then echo \"ok   $1\"; else echo \"FAIL $1: expected $4, got $got\"; fail=1; fi; }\nt zero 0 0 0\nt timeout-left 7 0 7\nt sum 2 2 4\nt disk_full_code 28 0 28\nexit $fail\n",
    }
    yield Case("shell-tests", "make check", script, proof=r"^FAIL sum")
    tap = {"Makefile": "test:\n\tprove -v tests/*.t\n", "tests/url.t": "#!/bin/sh\necho 1..3\necho 'ok 1 - http://host:503/ is parsed'\necho 'not ok 2 - port of https is 443'\necho '#   got: 80'\necho 'ok 3 - timeout=30s is read'\n"}
    yield Case("tap", "chmod +x tests/url.t; make test", tap, proof=r"^not ok 2|Failed test:? +2")
    yield noisy(Case("golden-file", "make -s golden", {"Makefile": "golden:\n\tsort -n data.txt > out.txt\n\tdiff -u expected.txt out.txt\n", "data.txt": "10\n9\n1\n", "expected.txt": "1\n10\n9\n"}, proof=r"^[+-]9$|^\+10|^-10"), "unittest", after=CLEANUP)


@scenario("make/arguments-too-long", label="resource_limit", heals="raise_limit", needs=("make",))
@in_steps
def _arguments() -> Iterator[Case]:
    many = "mkdir obj; (cd obj; seq -f 'a_rather_long_name_of_an_object_file_number_%06g.o' 6000 | xargs touch)"
    limit = Limits(stack_kb=512, soft=True)
    yield Case("ls", "ls obj/* | wc -l; ls -l obj/*", {}, prepare=many, limits=limit, proof=r"Argument list too long")
    yield Case("make", "make objects", {"Makefile": "objects:\n\t@ar rcs liball.a $(wildcard obj/*.o)\n"}, prepare=many, limits=limit, proof=r"Argument list too long")


@scenario("configure/environment", label="configuration_error", needs=("autoconf", "make", "gcc"))
@in_steps
def _configure() -> Iterator[Case]:
    def project(ac: str) -> dict[str, str]:
        return {"configure.ac": f"AC_INIT([tidelog],[1.2])\n{ac}\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n", "Makefile.in": "all:\n\techo built\n"}

    headers = "AC_PROG_CC\nAC_CHECK_HEADERS([stdint.h unistd.h sys/epoll.h sys/event.h windows.h])\nAC_CHECK_FUNCS([kqueue epoll_create1 strlcpy])\n"
    yield Case("no-compiler-works", "./configure CC=cc-cross-riscv", project("AC_PROG_CC"), prepare="autoconf", proof=r"configure: error: ")
    yield Case("cannot-create-executables", "CFLAGS='-O2 -fno-such-thing' ./configure --prefix=/opt/tidelog", project(headers), prepare="autoconf", proof=r"C compiler cannot create executables")
    yield Case("own-check", "autoconf && ./configure && make", project(headers + "AC_CHECK_LIB([hydro],[hydro_open],[],[AC_MSG_ERROR([libhydro 2.0 or newer is required, set --with-hydro=DIR])])"), proof=r"configure: error: libhydro")
    yield Case("macro-missing", "autoconf\n./configure", project("AC_PROG_CC\nPKG_HYDRO_MODULES([HYDRO],[hydro >= 2])"), proof=r"syntax error near unexpected token")
    yield noisy(Case("pkg-config", "autoreconf -i >/dev/null 2>&1 || autoconf\n./configure", project(headers + "PKG_PROG_PKG_CONFIG\nif ! pkg-config --print-errors --exists 'tidemodel >= 3'; then AC_MSG_ERROR([Package requirements (tidemodel >= 3) were not met])\nfi"), proof=r"Package requirements \(tidemodel|No package 'tidemodel' found"), "make", after="cat config.log | head -150")


@scenario("meson/setup", label="configuration_error", needs=("meson", "ninja", "gcc"))
@in_steps
def _meson() -> Iterator[Case]:
    yield Case("dependency", "meson setup build", {"meson.build": MESON + "wave = dependency('wavetable', version: '>=2.1')\n"}, proof=r"ERROR: Dependency \"wavetable\" not found")
    yield Case("program", "meson setup build --buildtype=release", {"meson.build": MESON + "gen = find_program('tide-codegen')\n"}, proof=r"ERROR: Program 'tide-codegen' not found")
    yield Case("own-version", "meson setup build", {"meson.build": "project('tides', 'c', meson_version: '>=1.9')\n"}, proof=r"ERROR: Meson version is")
    yield Case("option", "meson setup build -Dtests=on -Dwith_gui=false", {"meson.build": MESON, "meson_options.txt": "option('tests', type: 'boolean', value: true)\n"}, proof=r"ERROR: ")
    yield Case("syntax", "meson setup --wipe build || meson setup build", {"meson.build": MESON + "executable('tides', 'main.c'\n"}, proof=r"ERROR: ")
    yield Case("no-build-tree", "ninja -C out/Release tides", {"meson.build": MESON}, proof=r"ninja: fatal: chdir|ninja: error: loading")
    yield Case("ninja-input", "ninja -v", {"build.ninja": "rule cc\n  command = cc -c $in -o $out\nbuild surge.o: cc src/surge.c\n"}, proof=r"ninja: error: .*missing and no known rule")


@scenario("meson/compile", label="compile_error", needs=("meson", "ninja", "gcc"))
@in_steps
def _meson_compile() -> Iterator[Case]:
    files = {"meson.build": MESON + "executable('tides', 'main.c', 'moon.c')\n", "main.c": "int phase(int);\nint main(void) { return phase(2); }\n", "moon.c": "int phase(int day)\n{\n    return lunar[day];\n}\n"}
    yield Case("code", "meson setup build && meson compile -C build", files, proof=r"moon\.c:3.*error")
    yield noisy(Case("code-verbose", "meson setup build -Dwerror=true\nninja -v -C build", {**files, "moon.c": "int phase(int day) { int dead; return 0; }\n"}, proof=r"error: unused"), "configure", after=CLEANUP)


def _suite(*tests: str) -> dict[str, str]:
    return {"meson.build": MESON + "t = find_program('python3')\n" + "".join(f"test('{n}', t, args: ['-c', '''{code}'''], timeout: 2)\n" for n, code in (one.split("=", 1) for one in tests))}


@scenario("meson/tests", label="test_failure", needs=("meson", "ninja", "gcc"))
@in_steps
def _meson_tests() -> Iterator[Case]:
    yield Case("fail", "meson setup build >/dev/null; meson test -C build --print-errorlogs", _suite("tide_table=pass", "leap_second=assert 61 == 60, \"seconds in a minute\"", "http_503_page=pass"), proof=r"AssertionError|leap_second +FAIL")
    yield Case("crash", "meson setup build && meson test -C build -v", _suite("ok=pass", "mmap=import os; os.abort()"), proof=r"mmap +FAIL|killed by signal 6")
    yield Case("own-timeout", "meson setup build && meson test -C build", _suite("ok=pass", "poll_gauge=import time; time.sleep(60)"), proof=r"poll_gauge +TIMEOUT", label="flaky_test")


@scenario("make/passes", label=PASSED, needs=("make", "meson", "gcc"))
def _passes() -> Iterator[Case]:
    good = {**TREE, "daemon/main.c": "int main(void) { int unused_error; return 0; }\n"}
    yield Case("recursive", "make -j2 V=1; make -n; make -C lib -W ring.c", good)
    yield noisy(Case("ignored-errors", "make", {"Makefile": "all:\n\t-false\n\t-cat /nonexistent/cache\n\t-sh -c 'echo connection timed out, skipped; exit 7'\n\t@echo done\n"}), "make", "unittest", after=CLEANUP)
    yield Case("meson-expected-fail", "meson setup build && meson test -C build -v", {"meson.build": MESON + "t = find_program('python3')\ntest('old_bug', t, args: ['-c', 'raise SystemExit(1)'], should_fail: true)\ntest('retry', t, args: ['-c', 'print(\"attempt 1 failed: 503, retrying\")'])\n"})
    yield noisy(Case("autoconf", "autoconf && ./configure && make", {"configure.ac": "AC_INIT([tidelog],[1.2])\nAC_PROG_CC\nAC_CHECK_HEADERS([stdint.h sys/event.h windows.h zlib_ng.h])\nAC_CHECK_FUNCS([kqueue memset_s])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n", "Makefile.in": "all:\n\techo built\n"}), "installed")
