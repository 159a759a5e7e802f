"""Documents and sites: LaTeX, chktex, pandoc, asciidoctor, hugo, jekyll, doxygen, gettext, graphviz, XML and HTML checkers."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import named, port

HEAD = "\\documentclass{article}\n\\begin{document}\n\\section{Latency}\n"
TEX = "pdflatex -interaction=nonstopmode -halt-on-error "


def _tex(body: str, preamble: str = "") -> dict[str, str]:
    pages = "".join(f"\\subsection{{Error budget {n}}} A timeout of {n} seconds is an overfull-hbox-makingverylongwordthatdoesnotfit{'x' * 60} one.\n" for n in range(30))
    return {"report.tex": HEAD.replace("\\begin", preamble + "\\begin") + pages + body + "\n\\end{document}\n"}


@scenario("pdflatex/failures", label="lint_error", root=True)
def _latex() -> Iterator[Case]:
    yield Case("undefined", TEX + "report.tex", files=_tex("\\tabel{x}"), proof="^! Undefined control sequence")
    yield Case("file-line", "pdflatex -file-line-error " + TEX[9:] + "report.tex", files=_tex("$x_1"), proof=r"report\.tex:\d+: Missing \$ inserted|Missing \$")
    yield Case("package", TEX + "report.tex", files=_tex("x", "\\usepackage{glossaryplus}\n"), proof=r"File `glossaryplus\.sty' not found", label="configuration_error")
    yield Case("graphic", TEX + "report.tex", files=_tex("\\includegraphics{plots/latency}", "\\usepackage{graphicx}\n"), proof="File `plots/latency' not found", label="configuration_error")
    yield Case("environment", "latex -interaction=batchmode report.tex || { grep -A3 '^!' report.log; exit 1; }", files=_tex("\\begin{itemize}\n\\item x\n"), proof=r"^! LaTeX Error: \\begin\{itemize\}")
    yield Case("disk", TEX + "report.tex", files=_tex("x"), prepare="dd if=/dev/zero of=artifacts.bin bs=1k count=1000 2>/dev/null", limits=Limits(disk_mb=1), label="unknown")
    yield Case("capacity", TEX + "report.tex", files=_tex("\\def\\deep#1{\\deep{#1#1}}\\deep{abc}"), proof="TeX capacity exceeded", label="resource_limit")
    yield Case("missing", TEX + "thesis.tex", proof="I can't find file `thesis.tex'|! Emergency stop", label="configuration_error")
    yield Case("chktex", "chktex -q -v1 report.tex", files=_tex("See \\ref{x} ..., \"quoted\" and $ 3 x 4 $"), proof=r"^(Warning|Error) \d+|^report\.tex:\d+")
    yield Case("warnings-gate", f"{TEX}report.tex\nif grep -n 'Reference .* undefined' report.log; then echo 'unresolved references'; exit 1; fi", files=_tex("See \\ref{sec:retries}."), proof=r"^\d+:LaTeX Warning: Reference|LaTeX Warning: Reference .*undefined")
    yield Case("passes", f"set -x\n{TEX}report.tex\n{TEX}report.tex", files=_tex("Done."), label=PASSED)


@scenario("pandoc/failures", label="configuration_error")
def _pandoc() -> Iterator[Case]:
    text = "---\ntitle: Notes\n---\n\n# Retry\n\nOn 503 try again.\n"
    yield Case("engine", "pandoc notes.md -o notes.pdf --pdf-engine=xelatex", files={"notes.md": text}, proof="xelatex not found")
    yield Case("input", "pandoc --verbose notes.md chapters/two.md -o book.html", files={"notes.md": text}, proof="withBinaryFile: does not exist|does not exist")
    yield Case("yaml", "pandoc -s notes.md -o notes.html", files={"notes.md": text.replace("title: Notes", "title: 'Notes: a\nx: [")}, proof="YAML|parse")
    yield Case("filter", "pandoc -F pandoc-crossref notes.md -o notes.html", files={"notes.md": text}, proof="Could not find executable pandoc-crossref")
    yield Case("warnings", "pandoc --fail-if-warnings notes.md -o notes.html", files={"notes.md": text.replace("---\ntitle: Notes\n---\n", "") + "\n[a]: x\n[a]: y\n"}, proof=r"\[WARNING\]", label="lint_error")
    yield Case("format", "pandoc -t confluence notes.md", files={"notes.md": text}, proof="Unknown output format")
    host = "img.docs.example"
    number = port("pandoc-img")
    yield named(host, Case("fetch", "pandoc --self-contained notes.md -o notes.html", files={"notes.md": text + f"\n![logo](http://{host}:{number}/logo.png)\n"}, proof="Connection refused|ConnectionFailure", label="connection_failure"))


@scenario("asciidoctor/failures", label="lint_error")
def _adoc() -> Iterator[Case]:
    text = "= Manual\n\n== Timeouts\n\ninclude::parts/limits.adoc[]\n\nSee <<retries>>.\n\n[source,sh]\n----\ncurl x\n"
    yield Case("warn", "asciidoctor --failure-level=WARN manual.adoc", files={"manual.adoc": text}, proof="asciidoctor: (WARNING|ERROR): ")
    yield Case("verbose", "asciidoctor -V\nasciidoctor -v -w --failure-level INFO manual.adoc -o -", files={"manual.adoc": "= Manual\n\n== Timeouts\n\nSee <<retries>>.\n\n==== Too deep\n"}, proof=r"possible invalid reference|section title out of sequence")
    yield Case("missing", "asciidoctor docs/index.adoc", proof="input file .* (is missing|not found|does not exist)|missing", label="configuration_error")
    yield Case("backend", "asciidoctor -b pdf -r asciidoctor-pdf manual.adoc", files={"manual.adoc": "= M\n"}, proof="'asciidoctor-pdf' could not be loaded|cannot load such file", label="configuration_error")


@scenario("hugo/failures", label="compile_error", root=True)
def _hugo() -> Iterator[Case]:
    site = {"config.toml": 'baseURL = "https://docs.example/"\ntitle = "Docs"\ndisableKinds = ["RSS", "sitemap", "taxonomy", "term"]\n', "layouts/_default/single.html": "<h1>{{ .Title }}</h1>{{ .Content }}\n", "layouts/index.html": "{{ range .Site.RegularPages }}{{ .Title }}{{ end }}\n", "content/a.md": "---\ntitle: Retry on 503\n---\nText\n"}
    yield Case("template", "hugo", files=site | {"layouts/_default/single.html": "<h1>{{ .Titel.Long }}</h1>\n"}, proof="can't evaluate field Titel")
    yield Case("parse", "hugo --minify", files=site | {"layouts/index.html": "{{ range .Site.Pages }}{{ .Title }}\n"}, proof="unexpected EOF|parse failed")
    yield Case("front-matter", "hugo -v", files=site | {"content/b.md": "---\ntitle: \"Broken\ndate: x\n---\n"}, proof="ERROR|Error: ")
    yield Case("shortcode", "hugo --printPathWarnings", files=site | {"content/b.md": "---\ntitle: B\n---\n{{< video id=3 >}}\n"}, proof='template for shortcode "video" not found|failed to extract shortcode')
    yield Case("ref", "hugo", files=site | {"content/b.md": "---\ntitle: B\n---\n[x]({{< ref \"gone.md\" >}})\n"}, proof="REF_NOT_FOUND", label="lint_error")
    yield Case("theme", "hugo --theme lotus", files=site, proof='module "lotus" not found', label="configuration_error")
    yield Case("disk", "hugo -v", files=site | {f"content/p{n}.md": f"---\ntitle: P{n}\n---\n{'word ' * 3000}\n" for n in range(20)}, prepare="dd if=/dev/zero of=artifacts.bin bs=1k count=500 2>/dev/null", limits=Limits(disk_mb=1), proof="no space left on device", label="disk_full")
    number = port("hugo")
    yield Case("port", f"python3 -m http.server {number} --bind 127.0.0.1 >/dev/null 2>&1 & sleep 1; trap 'kill %1' EXIT\nhugo server --bind 127.0.0.1 --port {number} --watch=false", files=site, proof="already in use|address already in use", label="stale_state")


@scenario("jekyll/failures", label="compile_error")
def _jekyll() -> Iterator[Case]:
    site = {"_config.yml": "title: Docs\ntheme: null\n", "index.md": "---\ntitle: Home\n---\nHello\n"}
    yield Case("liquid", "jekyll build --trace 2>&1 | tail -90", files=site | {"a.md": "---\ntitle: A\n---\n{% for p in site.pages %}{{ p.title }}\n"}, proof="'for' tag was never closed|Liquid Exception")
    yield Case("include", "jekyll build", files=site | {"a.md": "---\ntitle: A\n---\n{% include banner.html %}\n"}, proof="Could not locate the included file|Liquid Exception")
    yield Case("config", "jekyll build", files=site | {"_config.yml": "title: Docs\n  x: [\n"}, proof=r"did not find expected|mapping values|YAML|\(\S*_config\.yml\)", label="configuration_error")
    yield Case("theme", "jekyll build", files=site | {"_config.yml": "theme: lotus-docs\n"}, proof="lotus-docs theme could not be found", label="configuration_error")


@scenario("doxygen/failures", label="lint_error")
def _doxygen() -> Iterator[Case]:
    header = "/** Price of kWh.\n * @param kwh energy\n * @param rate missing one\n * @returns cents */\nint price(int kwh);\n\nint undocumented(int timeout);\n"
    yield Case("as-error", "doxygen Doxyfile", files={"Doxyfile": "INPUT = include\nWARN_AS_ERROR = FAIL_ON_WARNINGS\nGENERATE_LATEX = NO\nWARN_NO_PARAMDOC = YES\nHAVE_DOT = NO\n", "include/price.h": "/** @file */\n" + header}, proof=r"(warning|error): ")
    yield Case("no-file", "doxygen docs/Doxyfile", proof="configuration file docs/Doxyfile not found|not found", label="configuration_error")
    yield Case("dot", "dot -Tsvg graph.gv -o graph.svg", files={"graph.gv": "digraph g {\n  client -> server [label=\"timeout\";\n  server -> db\n}\n"}, proof="syntax error in line", label="compile_error")
    yield Case("msgfmt", "msgfmt -c -v po/de.po -o de.mo", files={"po/de.po": 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "retry %d of %s"\nmsgstr "Versuch %s"\n\n#, c-format\nmsgid "timeout after %d s"\nmsgstr "abgelaufen nach %s s"\n'}, proof=r"po/de\.po:\d+: ")


@scenario("xmllint/failures", label="lint_error", needs=("xmllint", "tidy"))
def _xml() -> Iterator[Case]:
    schema = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="order"><xs:complexType><xs:sequence><xs:element name="sku" type="xs:string"/><xs:element name="count" type="xs:int"/></xs:sequence></xs:complexType></xs:element></xs:schema>\n'
    yield Case("well-formed", "xmllint --noout conf/*.xml", files={"conf/a.xml": "<a><b></b></a>\n", "conf/b.xml": "<job>\n  <retry count=3/>\n</jobs>\n"}, proof=r"parser error :")
    yield Case("schema", "xmllint --noout --schema order.xsd order.xml", files={"order.xsd": schema, "order.xml": "<order><sku>tea</sku><count>many</count></order>\n"}, proof="Schemas validity error")
    yield Case("schema-missing", "xmllint --noout --schema schemas/v2/order.xsd order.xml", files={"order.xml": "<order/>\n"}, proof="failed to load external entity|Failed to locate", label="configuration_error")
    yield Case("tidy", "tidy -e -q public/index.html", files={"public/index.html": "<html><head></head><body><p>503<div>x</p></span></body></html>\n"}, proof=r"line \d+ column \d+ - (Warning|Error)")
    yield Case("tidy-errors", "tidy -v\nfind public -name '*.html' | xargs tidy -errors", files={"public/a.html": "<!DOCTYPE html><html lang=en><head><title>x</title></head><body><custom-thing>x</custom-thing><blink2>y</blink2></body></html>\n"}, proof=r"line \d+ column \d+ - Error")
