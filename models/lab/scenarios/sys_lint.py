"""Linters, formatters and checks of what is not a program."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.sys_common import CLEANUP, in_steps, noisy

BAD_C = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\nint fetch_with_timeout(const char *host, int timeout_ms)\n{\n    char buf[8];\n    int status;\n    strcpy(buf, host);\n    if (timeout_ms == 503) status = 1;\n    char *page = malloc(100);\n    if (status) return -1;\n    free(page);\n    free(page);\n    return 0;\n}\n"
BAD_CPP = "#include <string>\nusing namespace std;\nclass Retry {\npublic:\n    Retry(int n) { count = n; }\n    int left(string name) { if (name == \"\") return 0; else return count; }\nprivate:\n    int count;\n};\nint main() { Retry* r = NULL; int i = 0.5; return i + (r ? r->left(\"a\") : 1); }\n"
BAD_SH = "#!/bin/bash\nfor f in $(ls *.log); do\n  rm -rf $1/$f\ndone\ncd /srv/app\n[ $retry = 3 ] && echo \"connection timed out\"\n"


@scenario("clang-tidy/c-and-cpp", label="lint_error", needs=("clang-tidy", "clang-format"))
@in_steps
def _clang() -> Iterator[Case]:
    yield Case("tidy", "clang-tidy --quiet --warnings-as-errors='*' --checks='-*,modernize-*,readability-*' retry.cpp -- -std=c++17", {"retry.cpp": BAD_CPP}, proof=r"(?:error|warning): .*\[(?:modernize|readability)")
    yield Case("analyzer", "clang-tidy -warnings-as-errors=clang-analyzer-* -checks='-*,clang-analyzer-*' net.c --", {"net.c": BAD_C}, proof=r"error: .*\[clang-analyzer")
    yield Case("format", "clang-format --dry-run -Werror src/*.cpp", {"src/retry.cpp": BAD_CPP, ".clang-format": "BasedOnStyle: Google\n"}, proof=r"error: code should be clang-formatted")
    yield Case("format-diff", "for f in *.cpp; do clang-format --style=LLVM $f | diff -u $f - || bad=1; done\n[ -z \"$bad\" ] || { echo 'run clang-format on the files above'; exit 1; }", {"retry.cpp": BAD_CPP}, proof=r"run clang-format on the files")
    yield noisy(Case("format-late", "clang-format -n --Werror net.c", {"net.c": BAD_C.replace("    ", "\t")}, proof=r"error: code should be clang-formatted"), "make", "unittest", after=CLEANUP)


@scenario("cppcheck/c-and-cpp", label="lint_error", needs=("cppcheck",))
@in_steps
def _cppcheck() -> Iterator[Case]:
    yield Case("errors", "cppcheck --error-exitcode=1 --enable=warning,style --inline-suppr .", {"net.c": BAD_C}, proof=r"net\.c:\d+:\d+: (?:error|warning|style)")
    yield Case("template", "cppcheck --enable=all --error-exitcode=2 --suppress=missingIncludeSystem --template='{file}({line}): {severity} ({id}): {message}' retry.cpp", {"retry.cpp": BAD_CPP}, proof=r"retry\.cpp\(\d+\): ")
    yield Case("fanalyzer", "gcc -fanalyzer -Werror -c net.c", {"net.c": BAD_C}, proof=r"error: .*\[(?:-W|CWE)|\[-Werror=analyzer", label="lint_error")


@scenario("shellcheck/ci-scripts", label="lint_error", needs=("shellcheck", "shfmt"))
@in_steps
def _shell() -> Iterator[Case]:
    yield Case("tty", "shellcheck deploy.sh", {"deploy.sh": BAD_SH}, proof=r"SC\d{4} \(|\^-")
    yield Case("gcc-format", "shellcheck -f gcc -S style *.sh", {"deploy.sh": BAD_SH, "wait.sh": "#!/bin/sh\nlocal n=1\necho $[n+1]\n"}, proof=r"\.sh:\d+:\d+: (?:error|warning|note)")
    yield Case("shfmt", "shfmt -d -i 2 .", {"deploy.sh": BAD_SH.replace("  rm", "      rm")}, proof=r"^[-+] +rm")
    yield noisy(Case("late", "shellcheck --severity=warning --color=always deploy.sh", {"deploy.sh": BAD_SH}, proof=r"SC\d{4}"), "unittest", "make")


@scenario("yamllint/ci-files", label="lint_error", needs=("yamllint",))
@in_steps
def _yaml() -> Iterator[Case]:
    text = "services:\n  web:\n      image: shop\n      timeout: 30 \n      image: shop2\n  db: {retry: yes,ports: [1,2]}\n"
    yield Case("plain", "yamllint .", {"deploy.yml": text}, proof=r"^\s+\d+:\d+\s+error")
    yield Case("parsable-strict", "yamllint -s -f parsable deploy.yml", {"deploy.yml": text}, proof=r"\[error\]")
    yield Case("github", "yamllint -f github .", {"ci/a.yaml": "a: b\n c: d\n"}, proof=r"::error")


@scenario("doxygen/warnings", label="lint_error", needs=("doxygen",))
@in_steps
def _doxygen() -> Iterator[Case]:
    code = "/** \\file */\n/** Opens a connection.\n * \\param hosts where to\n * \\return the \\ref Handle\n */\nint dial(const char *host, int timeout);\n/** \\brokencmd x */\nint hang_up(int h);\n"
    yield Case("as-error", "printf 'INPUT=.\\nFILE_PATTERNS=*.h\\nWARN_AS_ERROR=FAIL_ON_WARNINGS\\nQUIET=NO\\nGENERATE_LATEX=NO\\n' > Doxyfile\ndoxygen", {"dial.h": code}, proof=r"dial\.h:\d+: (?:warning|error): ")
    yield Case("quiet", "printf 'INPUT=.\\nFILE_PATTERNS=*.h\\nWARN_AS_ERROR=YES\\nQUIET=YES\\nGENERATE_LATEX=NO\\n' | doxygen -", {"dial.h": code}, proof=r"dial\.h:\d+: (?:warning|error): ")


@scenario("xmllint/data-files", label="lint_error", needs=("xmllint", "msgfmt"))
@in_steps
def _data() -> Iterator[Case]:
    yield Case("xml", "xmllint --noout layouts/*.xml", {"layouts/main.xml": "<layout>\n  <text id=\"t\">Disk & memory</text>\n</layuot>\n"}, proof=r"parser error")
    yield Case("schema", "xmllint --noout --relaxng order.rng order.xml", {"order.rng": "<element name='order' xmlns='http://relaxng.org/ns/structure/1.0'><attribute name='id'/><empty/></element>\n", "order.xml": "<order number='4'/>\n"}, proof=r"validity error|fails to validate")
    yield Case("po", "msgfmt --check -o /dev/null de.po", {"de.po": 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "%d retries left\\n"\nmsgstr "noch %s Versuche"\n'}, proof=r"format specifications|fatal error")
    yield Case("json", "for f in *.json; do echo \"checking $f\"; python3 -m json.tool $f > /dev/null; done", {"a.json": "{}\n", "b.json": '{"hosts": ["a", "b",]}\n'}, proof=r"Expecting value|Illegal trailing comma|Expecting")
    yield Case("white-space", "git init -q . && git add . && git diff --cached --check $(git hash-object -t tree /dev/null)", {"notes.md": "Two spaces  \n\ttab \n"}, proof=r"trailing whitespace")
    yield Case("licence-header", "bad=$(grep -L 'SPDX-License-Identifier' src/*.c) || true\n[ -z \"$bad\" ] || { echo \"missing SPDX header:\"; echo \"$bad\"; exit 1; }", {"src/a.c": "// SPDX-License-Identifier: MIT\n", "src/net_timeout.c": "int x;\n"}, proof=r"missing SPDX header|net_timeout")
    yield Case("secret-scan", "if grep -rnE 'AKIA[0-9A-Z]{16}' --include=*.env .; then echo 'possible cloud key committed'; exit 1; fi", {"prod.env": "KEY=AKIA" + "X" * 16 + "\n"}, proof=r"possible cloud key|prod\.env:1")


@scenario("clang-tidy/passes", label=PASSED, needs=("shellcheck", "cppcheck", "clang-tidy"))
def _passes() -> Iterator[Case]:
    yield noisy(Case("warnings-only", "clang-tidy --checks='-*,modernize-*' retry.cpp -- -std=c++17\ncppcheck --enable=all net.c\nshellcheck deploy.sh || echo 'advisory only'", {"retry.cpp": BAD_CPP, "net.c": BAD_C, "deploy.sh": BAD_SH}), "unittest")
