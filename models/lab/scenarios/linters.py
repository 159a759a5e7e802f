"""Linters and validators beside those of one language: YAML, JSON, CSS, HTML, Markdown, SQL, OpenAPI, prose, licences, C."""

from __future__ import annotations

import json
from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.other_kit import TOOLS, node_tools, python_tools

WEB = node_tools("web", "stylelint@16 stylelint-config-standard@36 htmlhint csslint jsonlint markdownlint-cli@0.41")
API = node_tools("api", "@stoplight/spectral-cli ajv-cli graphql-schema-linter graphql@16")
PROSE = node_tools("prose", "cspell@8 textlint@14 textlint-rule-no-todo html-validate@8")
LINT = python_tools("lint", "sqlfluff cfn-lint gitlint djlint proselint yamale doc8 rstcheck cpplint")

CI = "stages: [build, test]\nbuild:\n  script:\n    - make\n   retry: 2\ntest:\n  timeout: 1h\n  script: ['make test', \"curl --retry 3\" ]\n"
OPENAPI = {"openapi": "3.0.3", "info": {"title": "Rates", "version": "1"}, "paths": {"/rates": {"get": {"responses": {"503": {"description": "Service Unavailable"}}}}}}


@scenario("yamllint/findings", label="lint_error")
def _yaml() -> Iterator[Case]:
    yield Case("syntax", "yamllint .", files={".gitlab/ci.yml": CI}, proof=r"^ +\d+:\d+ +error")
    yield Case("strict", "yamllint --version\nyamllint -s -f parsable deploy/", files={"deploy/values.yaml": "replicas: 3\nenv:\n- {name: TIMEOUT, value: yes }\nlongkey: " + "x" * 120 + "\n"}, proof=r":\d+:\d+: \[(error|warning)\]")
    yield Case("github", "yamllint -f github -d relaxed values.yaml", files={"values.yaml": "a: 1\na: 2\n"}, proof="^::error")
    yield Case("config", "yamllint -c lint/yaml.yml .", files={"x.yaml": "a: 1\n"}, proof="No such file or directory", label="configuration_error")


@scenario("codespell/findings", label="lint_error")
def _spelling() -> Iterator[Case]:
    text = "The conection was succesful.\nIt recieves a timeout.\n"
    yield Case("plain", "codespell docs", files={"docs/a.md": text}, proof="==>")
    yield Case("hidden", "codespell --check-filenames --context 1 --count .", files={"docs/a.md": text, "src/retrys.py": "# occured\n"}, proof="==>")


@scenario("stylelint/rules", label="lint_error", needs=("npm",))
def _css() -> Iterator[Case]:
    config = '{"extends": "stylelint-config-standard"}\n'
    css = ".Error503 { color: #FFFFFF; colr: red; }\n.Error503 { margin: 0px; }\na { }\n"
    link = WEB + 'ln -s "$D/node_modules" node_modules\n'
    yield Case("string", TOOLS + "stylelint 'css/*.css'", files={".stylelintrc.json": config, "css/a.css": css}, prepare=link, proof=r"^ +\d+:\d+ +✖")
    yield Case("unix", TOOLS + "stylelint --formatter unix css/a.css", files={".stylelintrc.json": config, "css/a.css": css}, prepare=link, proof=r"css/a\.css:\d+:\d+: .*\[error\]")
    yield Case("syntax", TOOLS + "stylelint css/a.css", files={".stylelintrc.json": config, "css/a.css": "a { color: red;\n"}, prepare=link, proof="CssSyntaxError|Unclosed block")
    yield Case("config", TOOLS + "stylelint css/a.css", files={".stylelintrc.json": '{"extends": "stylelint-config-house"}\n', "css/a.css": css}, prepare=link, proof='Could not find "stylelint-config-house"', label="configuration_error")
    yield Case("csslint", TOOLS + "csslint --format=compact --errors=known-properties,zero-units,empty-rules css", files={"css/a.css": css}, prepare=link, proof=r"a\.css: line \d+, col \d+, Error")
    yield Case("htmlhint", TOOLS + "htmlhint public", files={"public/index.html": "<html><body><img src=a.png><DIV id='x'></div><p id='x'>Timeout</body></html>\n"}, prepare=link, proof=r"^ +L\d+ \||\(\w+-\S+\)|\d+ errors")
    yield Case("jsonlint", TOOLS + "for f in conf/*.json; do jsonlint -q \"$f\" || exit 1; done", files={"conf/a.json": "{}\n", "conf/b.json": "{\"retry\": 3,\n \"timeout\": 5,\n}\n"}, prepare=link, proof="^Error: Parse error on line 2")
    yield Case("markdown", TOOLS + "markdownlint --version\nmarkdownlint README.md docs", files={"README.md": "# Title\n### Too deep\n* a\n+ b\n\n\n\nhttps://bare.example\n", "docs/a.md": "Text   \n"}, prepare=link, proof=r"\.md:\d+(:\d+)? MD\d{3}")


@scenario("spectral/findings", label="lint_error", needs=("npm",))
def _api() -> Iterator[Case]:
    yield Case("stylish", TOOLS + "spectral lint --fail-severity=warn api/openapi.json", files={".spectral.yaml": "extends: ['spectral:oas']\n", "api/openapi.json": json.dumps(OPENAPI, indent=1)}, prepare=API, proof=r"^ +\d+:\d+ +(error|warning)")
    yield Case("ruleset", TOOLS + "spectral lint api/openapi.json", files={"api/openapi.json": json.dumps(OPENAPI)}, prepare=API, proof="No ruleset has been found", label="configuration_error")
    yield Case("ajv", TOOLS + "ajv validate -s schema.json -d 'conf/*.json' --all-errors", files={"schema.json": '{"type": "object", "required": ["port"], "properties": {"port": {"type": "integer"}, "timeout": {"type": "number"}}}', "conf/a.json": '{"port": 80}', "conf/b.json": '{"timeout": "5s"}'}, prepare=API, proof="^conf/b.json invalid|must (have|be)")
    yield Case("graphql", TOOLS + "graphql-schema-linter schema.graphql", files={"schema.graphql": "type Query { order(id: ID): order }\ntype order { Total: Int status_code: Int }\n"}, prepare=API, proof=r"^\d+:\d+ ")


@scenario("prose/findings", label="lint_error", needs=("npm",))
def _prose() -> Iterator[Case]:
    yield Case("cspell", TOOLS + "cspell --no-progress 'docs/**'", files={"docs/a.md": "# Retrys\n\nThe serverr answeres 503.\n"}, prepare=PROSE, proof="Unknown word")
    yield Case("textlint", TOOLS + "textlint --rulesdir rules docs/a.md", files={"docs/a.md": "# A\n\nTODO: explain the timeout\n", "rules/no-todo.js": "module.exports = (c) => ({ [c.Syntax.Str](n) { const t = c.getSource(n); if (/TODO/.test(t)) c.report(n, new c.RuleError('found TODO')); } });\n"}, prepare=PROSE, proof="error +found TODO|found TODO")
    yield Case("html-validate", TOOLS + "html-validate --formatter=text public/*.html", files={"public/a.html": "<!DOCTYPE html>\n<html lang=\"en\"><head><title>x</title></head><body><p>504<p><button>Go</button></i></body></html>\n"}, prepare=PROSE, proof=r"\.html:\d+:\d+: error")


@scenario("sqlfluff/findings", label="lint_error", needs=("python3",))
def _sql() -> Iterator[Case]:
    sql = "select a.id,b.total from orders a join totals AS b on a.id=b.id where status = 'timeout'\n"
    yield Case("lint", TOOLS + "sqlfluff lint --dialect ansi models/", files={"models/a.sql": sql}, prepare=LINT, proof=r"^L: +\d+ \|")
    yield Case("parse", TOOLS + "sqlfluff --version\nsqlfluff parse --dialect postgres models/b.sql | tail -20", files={"models/b.sql": "SELECT FROM WHERE a ==== 1 (\n"}, prepare=LINT, proof="unparsable|PRS|Parsing errors")
    yield Case("dialect", TOOLS + "sqlfluff lint models/", files={"models/a.sql": sql}, prepare=LINT, proof="No dialect was specified", label="configuration_error")
    yield Case("cfn-lint", TOOLS + "cfn-lint stack.yaml", files={"stack.yaml": "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Bucket:\n    Type: AWS::S3::Buckett\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: soon\n"}, prepare=LINT, proof=r"^[EW]\d{4} ")
    git = "git init -q; git config user.email ci@example.org; git config user.name ci; touch a; git add a; git commit -qm 'wip'; touch b; git add b; git commit -qm 'Fixed the timeout in the http client because it was annoying everybody.'\n"
    yield Case("gitlint", TOOLS + "gitlint --commits HEAD~1..HEAD -vvv", prepare=LINT + git, proof=r"^\d+: [TB]\d")
    yield Case("yamale", TOOLS + "yamale -s schema.yaml conf/", files={"schema.yaml": "port: int()\nhosts: list(str())\ntimeout: num(min=1)\n", "conf/a.yaml": "port: eighty\nhosts: [a]\ntimeout: 0\n"}, prepare=LINT, proof=r"^\s+(port|timeout): ")
    yield Case("doc8", TOOLS + "doc8 docs", files={"docs/a.rst": "Title\n===\n\n" + "word " * 30 + "\n\n`broken\n"}, prepare=LINT, proof=r": D\d{3} ")
    yield Case("rstcheck", TOOLS + "rstcheck -r docs", files={"docs/a.rst": "Title\n===\n\n.. code-block:: python\n\n   def f(:\n\n.. include:: missing.rst\n"}, prepare=LINT, proof=r"\((ERROR|SEVERE|WARNING)/\d\)")
    yield Case("cpplint", TOOLS + "cpplint --recursive src", files={"src/net.cc": "#include \"net.h\"\nint timeout( int x ){ return x ; }\nusing namespace std;\n"}, prepare=LINT, proof=r"\[\w+/\w+\] \[\d\]")


@scenario("cppcheck/findings", label="lint_error", needs=("cppcheck", "reuse", "lintian"))
def _native() -> Iterator[Case]:
    code = "#include <stdlib.h>\nint last(int n) { int a[4]; a[0] = n; return a[4]; }\nvoid leak(void) { char *p = malloc(3); if (!p) return; }\nint main(void) { int unset; leak(); return last(unset); }\n"
    yield Case("exitcode", "cppcheck --error-exitcode=2 --enable=all --suppress=missingIncludeSystem src", files={"src/net.c": code}, proof=r"^src/net\.c:\d+:\d+: (error|warning|style)")
    yield Case("template", "cppcheck --version\ncppcheck -q --error-exitcode=1 --template='{file}:{line}: {severity} [{id}] {message}' src/net.c", files={"src/net.c": code}, proof=r"\[(arrayIndexOutOfBounds|memleak|uninitvar)\]")
    yield Case("reuse", "reuse lint", files={"src/a.py": "print(1)\n", "README.md": "# x\n"}, proof="The following files have no (copyright|licensing)|no copyright and licensing|Unfortunately, your project is not compliant")
    yield Case("clang-none", "cppcheck --project=build/compile_commands.json", proof="'--project' failed|failed to open|not found", label="configuration_error")


@scenario("linters/passes", label=PASSED, needs=("yamllint", "shellcheck", "codespell", "cppcheck"))
def _passes() -> Iterator[Case]:
    files = {f"conf/c{n}.yaml": f"---\nname: service{n}\ntimeout: {n}\nerrors: [503, 504]\n" for n in range(40)} | {f"src/m{n}.c": f"int error_{n}(int timeout) {{ return timeout + {n}; }}\n" for n in range(60)}
    script = "set -x\nyamllint -s conf\ncodespell conf src\ncppcheck --error-exitcode=1 src\nfor f in conf/*.yaml; do echo \"checked $f: 0 errors, 0 failed\"; done\necho 'warning: cache server unreachable, going on without it'"
    yield Case("all", script, files=files)
