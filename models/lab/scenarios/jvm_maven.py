"""What Maven refuses before it compiles: projects, plugins, versions, rules; damaged and missing artifacts."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.jvm_projects import (
    CART,
    HEAD,
    JUNIT5,
    WARM,
    execution,
    modules,
    noisy_tests,
    plugin,
    pom,
)

ENFORCER = ":maven-enforcer-plugin:3.5.0"
OWN = 'mkdir -p "$HOME/.m2"\ncp -r "$LAB_CACHE/m2" "$HOME/.m2/repository"\n'
"""A copy of the warm repository, to be damaged."""


def rules(body: str) -> str:
    """The enforcer with these rules."""
    return plugin(ENFORCER, execution("enforce", "validate", f"<rules>{body}</rules>"))


@scenario("maven/not-found", label="dependency_not_found", needs=("mvn",))
def _missing() -> Iterator[Case]:
    wants = r"^\[.*ERROR.*\].*(?:Could not find artifact|was not found in|Could not resolve)"
    yield Case("artifact", "mvn -B compile", pom("cart", "org.apache.commons:commons-no-such-thing-of-ours:1.0") | CART, prepare=WARM, proof=wants)
    yield Case("version", "mvn -ntp test", pom("cart", "com.google.code.gson:gson:99.1") | CART, prepare=WARM, proof=wants)
    yield Case("cached-miss", "mvn -B -q compile", pom("cart", "commons-io:commons-io:0.77") | CART, prepare=WARM + "mvn -q compile || true", proof=r"was not found in .* during a previous attempt|Could not find artifact commons-io:commons-io:jar:0\.77")
    yield Case("plugin", "mvn -B package", pom("cart", plugins=plugin("example.acme:shade-maven-plugin:4.0", execution("shade"))) | CART, prepare=WARM, proof=wants)
    yield Case("parent", "mvn -B -V validate", {"pom.xml": HEAD + "<parent><groupId>example.acme</groupId><artifactId>company-parent</artifactId><version>12</version></parent><artifactId>cart</artifactId></project>"}, prepare=WARM, proof=r"Non-resolvable parent POM")
    yield Case("prefix", "mvn shade-all:run", pom("cart") | CART, prepare=WARM, proof=r"No plugin found for prefix 'shade-all'")
    many = modules("core", "api<core", "web<api")
    many["web/pom.xml"] = many["web/pom.xml"].replace("</dependencies>", "<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>7.7.7</version></dependency></dependencies>")
    yield Case("last-module", "mvn -B verify", many, env={"CI": "true"}, prepare=WARM, proof=r"Could not find artifact org\.slf4j:slf4j-api:jar:7\.7\.7")
    noise = pom("cart", JUNIT5) | CART | noisy_tests("acme.cart", 15, 8, "Timeout")
    yield Case("in-noise", "set -x\nmvn -B -V -ntp verify\nmvn -B -ntp dependency:get -Dartifact=com.google.code.gson:gson:99.1:jar -Dtransitive=false", noise, prepare=WARM, proof=r"(?:Could not find artifact |Couldn't download artifact: )com\.google\.code\.gson:gson:jar:99\.1")
    yield Case("offline", "mvn -o -B compile", pom("cart", "org.apache.commons:commons-csv:1.10.0") | CART, prepare=WARM + 'rm -rf "$HOME/.m2/repository"\n' + OWN + 'rm -rf "$HOME/.m2/repository/org/apache/commons/commons-csv"', proof=r"(?:offline mode|has not been downloaded from it before)", label="configuration_error")


@scenario("maven/enforced", label="dependency_conflict", needs=("mvn",))
def _enforced() -> Iterator[Case]:
    two = ("org.slf4j:slf4j-simple:1.7.36", "ch.qos.logback:logback-classic:1.4.14")
    yield Case("convergence", "mvn -B compile", pom("cart", *two, plugins=rules("<dependencyConvergence/>")) | CART, prepare=WARM, proof=r"Dependency convergence error for")
    yield Case("upper-bound", "mvn -B -ntp test", pom("cart", "ch.qos.logback:logback-classic:1.4.14", "org.slf4j:slf4j-api:1.7.36", plugins=rules("<requireUpperBoundDeps/>")) | CART, prepare=WARM, proof=r"Require upper bound dependencies error for")
    yield Case("range", "mvn -q verify", pom("cart", "com.google.code.gson:gson:[90,)") | CART, prepare=WARM, proof=r"No versions available for com\.google\.code\.gson:gson:jar:\[90,\)", label="dependency_not_found")
    many = modules("core", "api<core", plugins=rules("<dependencyConvergence/>"))
    many["api/pom.xml"] = many["api/pom.xml"].replace("</dependencies>", "<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency><dependency><groupId>ch.qos.logback</groupId><artifactId>logback-classic</artifactId><version>1.4.14</version></dependency></dependencies>")
    yield Case("module", "mvn -B -fae verify", many, prepare=WARM, proof=r"Dependency convergence error for|\[ERROR\].*rule 0: .*DependencyConvergence")


@scenario("maven/banned", label="lint_error", needs=("mvn",))
def _banned() -> Iterator[Case]:
    rule = "<bannedDependencies><excludes><exclude>commons-logging:*</exclude></excludes><message>use slf4j</message></bannedDependencies>"
    yield Case("dependency", "mvn -B validate", pom("cart", "commons-logging:commons-logging:1.2", plugins=rules(rule)) | CART, prepare=WARM, proof=r"commons-logging:commons-logging:jar:1\.2 <--- banned via")
    unused = plugin(":maven-dependency-plugin:3.8.1", execution("analyze-only", "verify", "<failOnWarning>true</failOnWarning>"))
    yield Case("analyze", "mvn -B verify", pom("cart", "commons-io:commons-io:2.18.0", plugins=unused) | CART, prepare=WARM, proof=r"Unused declared dependencies found")


@scenario("maven/project-invalid", label="configuration_error", needs=("mvn",))
def _invalid() -> Iterator[Case]:
    yield Case("xml", "mvn -B compile", {"pom.xml": HEAD + "<groupId>acme</groupId><artifactId>a</artifactId><version>1</version>\n<dependencies>\n</project>"}, prepare=WARM, proof=r"Non-parseable POM")
    yield Case("no-version", "mvn -B compile", {k: v.replace("<version>2.18.0</version>", "") for k, v in pom("cart", "commons-io:commons-io:2.18.0").items()} | CART, prepare=WARM, proof=r"'dependencies\.dependency\.version' for commons-io:commons-io:jar is missing")
    yield Case("no-pom", "cd services\nmvn -B verify", {"services/readme.txt": "moved"}, prepare=WARM, proof=r"there is no POM in this directory")
    yield Case("phase", "mvn -B tset", pom("cart") | CART, prepare=WARM, proof=r"Unknown lifecycle phase \"tset\"")
    yield Case("no-goal", "mvn", pom("cart"), env={"CI": "true"}, prepare=WARM, proof=r"No goals have been specified for this build")
    yield Case("module", "mvn -B verify", {k: v for k, v in modules("core", "api").items() if not k.startswith("api")}, prepare=WARM, proof=r"Child module .*api.* does not exist")
    yield Case("selected", "mvn -B -pl billing -am verify", modules("core", "api"), prepare=WARM, proof=r"Could not find the selected project in the reactor: billing")
    yield Case("cycle", "mvn -B verify", modules("core<api", "api<core"), prepare=WARM, proof=r"The projects in the reactor contain a cyclic reference")
    yield Case("profile-property", "mvn -B -Pstaging package", pom("cart", plugins=plugin(":maven-antrun-plugin:3.1.0", execution("run", "validate", "<target><fail unless='deploy.host' message='deploy.host is not set: activate a profile that exists'/></target>"))) | CART, prepare=WARM, proof=r"deploy\.host is not set")
    yield Case("maven-version", "mvn -B validate", pom("cart", plugins=rules("<requireMavenVersion><version>[3.9.6,)</version></requireMavenVersion>")) | CART, prepare=WARM, proof=r"Detected Maven Version: 3\.\S+ is not in the allowed range")
    yield Case("java-version", "mvn -B -ntp validate", pom("cart", plugins=rules("<requireJavaVersion><version>[21,22)</version></requireJavaVersion>")) | CART, prepare=WARM, proof=r"Detected JDK .*is not in the allowed range|Detected JDK Version")
    yield Case("environment", "set -x\nmvn -B -ntp verify\n", pom("cart", JUNIT5, plugins=rules("<requireEnvironmentVariable><variableName>DEPLOY_TOKEN</variableName></requireEnvironmentVariable>")) | CART, prepare=WARM, proof=r"Environment variable \"DEPLOY_TOKEN\" is required")
    yield Case("settings", "mvn -B -s ci/settings.xml verify", pom("cart") | CART, prepare=WARM, proof=r"The specified user settings file does not exist")
    yield Case("no-tests-match", "mvn -B test -Dtest=PaymentTest", pom("cart", JUNIT5) | CART | noisy_tests("acme.cart", 2, 2, "Cart"), prepare=WARM, proof=r"No tests matching pattern \"PaymentTest\" were executed")
    yield Case("jvm-config", "mvn -B compile", pom("cart") | CART | {".mvn/jvm.config": "-Xmx512m\n-XX:+NoSuchFlag\n"}, prepare=WARM, proof=r"Unrecognized VM option 'NoSuchFlag'")
    yield Case("memory-flag", "export MAVEN_OPTS=-Xmx12q\nmvn -B compile", pom("cart") | CART, prepare=WARM, proof=r"Invalid maximum heap size: -Xmx12q")
    yield Case("toolchain", "mvn -B compile", pom("cart", plugins=plugin(":maven-toolchains-plugin:3.2.0", "<executions><execution><goals><goal>toolchain</goal></goals></execution></executions><configuration><toolchains><jdk><version>11</version><vendor>corretto</vendor></jdk></toolchains></configuration>")) | CART, prepare=WARM, proof=r"Cannot find matching toolchain|No toolchain (?:found|matched)|No toolchain")
    yield Case("wrapper", "./mvnw -B verify", pom("cart") | CART, prepare=WARM, proof=r"\./mvnw: No such file or directory")
    yield Case("wrapper-mode", "chmod -x mvnw\n./mvnw -B verify", pom("cart") | CART | {"mvnw": "#!/bin/sh\nexec mvn \"$@\"\n"}, prepare=WARM, proof=r"\./mvnw: Permission denied")


@scenario("maven/damaged-repository", label="corrupt_artifact", heals="purge_cache", needs=("mvn",))
def _damaged() -> Iterator[Case]:
    gson = pom("cart", "com.google.code.gson:gson:2.11.0") | CART | {"src/main/java/acme/cart/Json.java": "package acme.cart;\n\npublic class Json {\n    public String text(Object any) {\n        return new com.google.gson.Gson().toJson(any);\n    }\n}\n"}
    jar = 'j="$HOME/.m2/repository/com/google/code/gson/gson/2.11.0/gson-2.11.0.jar"\n'
    begin = WARM + "mvn -q -B compile\nrm -rf target \"$HOME/.m2/repository\"\n" + OWN + jar
    broken = r"(?:error reading|zip END header not found|invalid LOC header|zip file is empty|error in opening zip file|ZipException)"
    yield Case("short-jar", "mvn -B compile", gson, prepare=begin + "head -c 20000 $j > x && mv x $j", proof=broken)
    yield Case("empty-jar", "mvn -B -ntp package", gson, env={"CI": "true"}, prepare=begin + "> $j", proof=broken + "|package com.google.gson does not exist")
    yield Case("page-as-jar", "set -x\nmvn -B -V compile", gson, prepare=begin + "echo '<html><body>Sign in</body></html>' > $j", proof=broken)
    yield Case("short-plugin", "mvn -B package", gson, prepare=begin + 'for j in "$HOME"/.m2/repository/org/apache/maven/plugins/maven-compiler-plugin/3.13.0/*.jar; do head -c 9000 $j > x && mv x $j; done', proof=r"(?:zip END header not found|error in opening zip file|ZipException|Unable to load the mojo|No such file|Unable to parse|could not be (?:loaded|found|read))|invalid")
