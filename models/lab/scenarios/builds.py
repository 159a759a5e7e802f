"""Build, packaging, generator, workflow and coverage tools: meson, scons, autoconf, bmake, rpm, deb, protoc, thrift, swig, lcov, just, nox, snakemake, alembic."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import TOOLS, python_tools

BUILD = python_tools("build", "ziglang gcovr diff-cover nox towncrier rust-just gersemi cmakelint vyper")
DATA = python_tools("data", "alembic snakemake duckdb invoke")
CODE = "int add(int a, int b) { return a + b; }\nint half(int a) { if (a % 2) return -1; return a / 2; }\n"
MAIN = "#include <stdio.h>\nint add(int, int);\nint main(void) { printf(\"sum %d\\n\", add(1, 2)); return add(1, 2) == {want} ? 0 : 1; }\n"


@scenario("meson/failures", label="configuration_error", root=True)
def _meson() -> Iterator[Case]:
    project = "project('ledger', 'c', version: '1.0')\n"
    files = {"meson.build": project + "exe = executable('check', 'main.c', 'add.c')\ntest('sum', exe)\n", "add.c": CODE, "main.c": MAIN.replace("{want}", "4")}
    yield Case("dependency", "meson setup build", files=files | {"meson.build": project + "dep = dependency('libquantum', version: '>=3')\n"}, proof='ERROR: Dependency "libquantum" not found')
    yield Case("test", "meson setup build\nmeson compile -C build\nmeson test -C build --print-errorlogs", files=files, proof=r"sum +FAIL|^1/1 sum", label="test_failure")
    yield Case("timeout", "meson setup build >/dev/null\nmeson test -C build", files=files | {"meson.build": files["meson.build"].replace("test('sum', exe)", "test('drain', find_program('sleep'), args: ['9'], timeout: 1)")}, proof=r"drain +TIMEOUT", label="flaky_test")
    yield Case("compile", "meson setup build\nninja -C build", files=files | {"add.c": CODE.replace("a + b;", "a + c;")}, proof="error: .c. undeclared", label="compile_error")
    yield Case("option", "meson setup -Dtls=openssl build", files=files, proof='Unknown options: "tls"')
    yield Case("disk", "meson setup build\nmeson compile -C build", files=files, limits=Limits(disk_mb=1, inodes=30), proof="No space left on device", label="disk_full")
    yield Case("passes", "set -x\nmeson setup build --warnlevel 3\nmeson compile -C build -v\nmeson test -C build -v", files=files | {"main.c": MAIN.replace("{want}", "3")}, label=PASSED)


@scenario("scons/failures", label="compile_error", needs=("scons", "bmake", "autoconf", "premake4", "automake"))
def _others() -> Iterator[Case]:
    yield Case("compile", "scons -j2", files={"SConstruct": "Program('app', ['main.c', 'add.c'])\n", "add.c": CODE.replace("return a +", "return a ++"), "main.c": MAIN.replace("{want}", "3")}, proof="error: ")
    yield Case("script", "scons --debug=explain", files={"SConstruct": "env = Environment()\nenv.Programme('app', 'main.c')\n"}, proof="AttributeError", label="configuration_error")
    yield Case("no-source", "scons", files={"SConstruct": "Program('app', 'src/missing.c')\n"}, proof="Source `src/missing.c' not found", label="configuration_error")
    yield Case("bmake", "bmake all", files={"Makefile": "all: report\nreport: table.csv\n\tsort table.csv > report\n"}, proof="don't know how to make table.csv", label="configuration_error")
    yield Case("bmake-missing", "bmake -k test", files={"Makefile": "test:\n\t@echo 'testing for timeouts'\n\ttestrunner-ng --all\n"}, proof=r"exec\(testrunner-ng\) failed", label="configuration_error")
    yield Case("autoconf", "autoreconf -fi\n./configure", files={"configure.ac": "AC_INIT([ledger],[1.0])\nAC_PROG_CC\nAC_CHECK_LIB([quantum],[qopen],[],[AC_MSG_ERROR([libquantum 3 is required])])\nAC_OUTPUT\n"}, proof="^configure: error: libquantum", label="configuration_error")
    yield Case("macro", "autoreconf -i", files={"configure.ac": "AC_INIT([ledger],[1.0])\nAM_INIT_AUTOMAKE([foreign])\nPKG_CHECK_QUANTUM([x])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n", "Makefile.am": "bin_PROGRAMS = a\nb_SOURCES = b.c\nlib_LTLIBRARIES = c.la\n"}, proof="Libtool library used but|error: ", label="configuration_error")
    yield Case("premake", "premake4 gmake", files={"premake4.lua": "solution 'game'\n  configuration { 'Debug' \n"}, proof="expected", label="configuration_error")


@scenario("protoc/failures", label="compile_error", needs=("protoc", "thrift", "flatc", "swig"))
def _generators() -> Iterator[Case]:
    proto = 'syntax = "proto3";\npackage rates;\nmessage Rate { string pair = 1; double value = 2; int32 timeout = {n}; }\n'
    yield Case("number", "mkdir gen\nprotoc --python_out=gen rates.proto", files={"rates.proto": proto.replace("{n}", "2")}, proof='Field number 2 has already been used')
    yield Case("import", "protoc -I. --cpp_out=. api/*.proto", files={"api/rates.proto": proto.replace("{n}", "3").replace("package rates;", 'package rates;\nimport "google/type/money.proto";')}, proof="File not found|Import .* was not found", label="configuration_error")
    yield Case("plugin", "protoc --go_out=. rates.proto", files={"rates.proto": proto.replace("{n}", "3")}, proof="protoc-gen-go: program not found", label="configuration_error")
    yield Case("thrift", "thrift -r --gen py rates.thrift", files={"rates.thrift": "struct Rate { 1: string pair, 2: double value\nservice Rates { Rate get(1: strin pair) }\n"}, proof=r"\[(ERROR|FAILURE):")
    yield Case("flatc", "flatc --cpp rates.fbs", files={"rates.fbs": "table Rate { pair: string; value: dobule; }\nroot_type Rate;\n"}, proof="error: ")
    yield Case("swig", "swig -python -Wall -Werror ledger.i", files={"ledger.i": '%module ledger\n%include "ledger_types.i"\nint add(int, int);\n'}, proof="Unable to find 'ledger_types.i'", label="configuration_error")


@scenario("rpmbuild/failures", label="configuration_error", needs=("rpmbuild", "dpkg-buildpackage", "lintian", "rpm"))
def _packages() -> Iterator[Case]:
    spec = "Name: ledger\nVersion: 1.0\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n{more}\n%description\nx\n%prep\n%build\n%install\nmkdir -p %{buildroot}/usr/bin\n%check\n{check}\n%files\n{files}\n"
    run = "rpmbuild -bb --define \"_topdir $PWD/rpm\" ledger.spec"

    def made(more: str = "", check: str = "true", files: str = "/usr/bin") -> dict[str, str]:
        return {"ledger.spec": spec.replace("{more}", more).replace("{check}", check).replace("{files}", files)}

    yield Case("requires", run, files=made(more="BuildRequires: quantum-devel >= 3"), proof="quantum-devel >= 3 is needed by")
    yield Case("files", run, files=made(files="/usr/bin/ledger"), proof="error: File not found: ")
    yield Case("check", run + " 2>&1", files=made(check="echo 'test_total: expected 20, got 15'; exit 1"), proof="expected 20, got 15$", label="test_failure")
    yield Case("digest", "rpm -K ledger.rpm", files=made(), prepare=run + " >/dev/null 2>&1; cp rpm/RPMS/noarch/*.rpm ledger.rpm; python3 -c \"d=bytearray(open('ledger.rpm','rb').read()); d[-20]^=255; open('ledger.rpm','wb').write(d)\"", proof="DIGESTS NOT OK|NOT OK", label="corrupt_artifact")
    control = "Source: ledger\nMaintainer: X <x@example.org>\nBuild-Depends: debhelper-compat (= 13){more}\nStandards-Version: 4.6.2\n\nPackage: ledger\nArchitecture: all\nDescription: tally\n Tallies.\n"
    log = "ledger (1.0) unstable; urgency=medium\n\n  * First.\n\n -- X <x@example.org>  Mon, 02 Feb 2026 10:00:00 +0000\n"
    deb = {"debian/changelog": log, "debian/rules": "#!/usr/bin/make -f\n%:\n\tdh $@\n", "debian/source/format": "3.0 (native)\n"}
    yield Case("deb-depends", "dpkg-buildpackage -us -uc -b", files=deb | {"debian/control": control.replace("{more}", ", libquantum-dev (>= 3)")}, prepare="chmod +x debian/rules", proof="Unmet build dependencies: libquantum-dev")
    yield Case("deb-install", "dpkg-buildpackage -us -uc -b 2>&1 | cat", files=deb | {"debian/control": control.replace("{more}", ""), "debian/install": "build/ledger usr/bin\n"}, prepare="chmod +x debian/rules", proof="Cannot find \\(any matches for\\)|missing files")
    yield Case("deb-changelog", "dpkg-buildpackage -us -uc -b", files=deb | {"debian/control": control.replace("{more}", ""), "debian/changelog": "ledger 1.0 unstable\n"}, prepare="chmod +x debian/rules", proof="dpkg-(parsechangelog|source|buildpackage): (error|warning)|no changelog")
    yield Case("deb-passes", "dpkg-buildpackage -us -uc -b", files=deb | {"debian/control": control.replace("{more}", "")}, prepare="chmod +x debian/rules", label=PASSED)


@scenario("coverage-gates/failures", label="test_failure", needs=("lcov", "gcc", "python3"))
def _coverage() -> Iterator[Case]:
    files = {"add.c": CODE, "main.c": MAIN.replace("{want}", "3")}
    make = "gcc --coverage -O0 main.c add.c -o app\n./app\n"
    yield Case("gcovr", TOOLS + make + "gcovr --fail-under-line 95 .", files=files, prepare=BUILD, proof="Failed minimum line coverage")
    yield Case("lcov-gate", make + "lcov -q -c -d . -o all.info\nrate=$(lcov --summary all.info 2>&1 | sed -n 's/^ *lines[^:]*: *\\([0-9]*\\)\\..*/\\1/p')\necho \"line coverage $rate %, wanted 95 %\"\n[ \"$rate\" -ge 95 ]", files=files, proof="^line coverage 66 %")
    yield Case("zig-type", TOOLS + "python3 -V\n\"$LAB_CACHE\"/other-py-build/bin/python -m ziglang build-exe main.zig", files={"main.zig": "pub fn main() void {\n    const timeout: u8 = 503;\n    _ = timeout;\n}\n"}, prepare=BUILD, proof=r"main\.zig:\d+:\d+: error:", label="compile_error")
    yield Case("zig-test", "\"$LAB_CACHE\"/other-py-build/bin/python -m ziglang test sums.zig", files={"sums.zig": "const std = @import(\"std\");\ntest \"sum after retry\" {\n    try std.testing.expectEqual(@as(i32, 5), 2 + 2);\n}\n"}, prepare=BUILD, proof="expected 5, found 4")
    yield Case("just", TOOLS + "just release", files={"justfile": "build:\n    echo built\n"}, prepare=BUILD, proof="contain recipe .release.", label="configuration_error")
    yield Case("just-var", TOOLS + "just build", files={"justfile": "tag := env('RELEASE_TAG')\nbuild:\n    echo {{tag}}\n"}, prepare=BUILD, proof="environment variable `?RELEASE_TAG", label="configuration_error")
    yield Case("nox", TOOLS + "nox -s types", files={"noxfile.py": "import nox\n@nox.session(venv_backend='none')\ndef tests(s): s.run('true')\n"}, prepare=BUILD, proof="Sessions not found: types", label="configuration_error")
    yield Case("vyper", TOOLS + "vyper token.vy", files={"token.vy": "total: uint256\n\n@external\ndef add(n: uint256):\n    self.totl += n\n"}, prepare=BUILD, proof="UndeclaredDefinition|UnknownAttribute|has no member", label="compile_error")
    yield Case("cmakelint", TOOLS + "cmakelint CMakeLists.txt", files={"CMakeLists.txt": "PROJECT(x)\nif (A )\n  set( b 1)\nENDIF(A)\n"}, prepare=BUILD, proof=r"CMakeLists\.txt:\d+: ", label="lint_error")
    yield Case("gersemi", TOOLS + "gersemi --check CMakeLists.txt", files={"CMakeLists.txt": "PROJECT(x)\n  set( b 1)\n"}, prepare=BUILD, proof="would be reformatted", label="lint_error")


@scenario("snakemake/failures", label="configuration_error", needs=("python3",))
def _data() -> Iterator[Case]:
    rule = "rule all:\n    input: 'report.txt'\nrule report:\n    input: 'rows.csv'\n    output: 'report.txt'\n    shell: {shell}\n"
    yield Case("missing-input", TOOLS + "snakemake -c1", files={"Snakefile": rule.format(shell="'sort {input} > {output}'")}, prepare=DATA, proof="MissingInputException|Missing input files")
    yield Case("shell", TOOLS + "snakemake -c1 --nocolor", files={"Snakefile": rule.format(shell="'plotter-ng {input} > {output}'"), "rows.csv": "a\n"}, prepare=DATA, proof="plotter-ng: (command )?not found")
    yield Case("syntax", TOOLS + "snakemake -n", files={"Snakefile": "rule all\n    input: 'x'\n"}, prepare=DATA, proof="SyntaxError", label="compile_error")
    yield Case("invoke", TOOLS + "invoke deploy --env staging", files={"tasks.py": "from invoke import task\n@task\ndef build(c): c.run('echo built')\n"}, prepare=DATA, proof="No idea what 'deploy' is")
    yield Case("invoke-run", TOOLS + "invoke -e build", files={"tasks.py": "from invoke import task\n@task\ndef build(c):\n    c.run('echo compiling; sleep 5', timeout=1)\n"}, prepare=DATA, proof="Command did not complete within 1 seconds|CommandTimedOut", label="hang")
    init = DATA + "\"$HOME/.tools/alembic\" init -t generic m >/dev/null; sed -i 's#^sqlalchemy.url.*#sqlalchemy.url = sqlite:///app.db#' alembic.ini; for r in a1 b2; do \"$HOME/.tools/alembic\" revision -m $r --rev-id $r --head base --splice >/dev/null; done\n"
    yield Case("alembic-heads", TOOLS + "alembic upgrade head", prepare=init, proof="Multiple head revisions are present")
    yield Case("alembic-exists", TOOLS + "alembic upgrade heads", prepare=init + "sed -i '0,/    pass/s//    op.create_table(\"invoice\", sa.Column(\"id\", sa.Integer))/' m/versions/a1*.py; python3 -c \"import sqlite3; sqlite3.connect('app.db').execute('create table invoice (id int)')\"", proof="^sqlalchemy.exc.OperationalError: .*table invoice already exists", label="stale_state")
    yield Case("alembic-revision", TOOLS + "alembic upgrade c3", prepare=init, proof="Can't locate revision identified by 'c3'")
