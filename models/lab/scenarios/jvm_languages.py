"""Ant, Gradle, Scala, Kotlin, Groovy and Clojure: builds that fail, each in its own words."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.jvm_projects import CART, WARM, java

ANT = '<project name="radio" default="build">\n  <target name="init"><mkdir dir="out"/></target>\n  <target name="build" depends="init">\n    <javac srcdir="src/main/java" destdir="out" includeantruntime="false" source="17" target="17"/>\n  </target>\n{more}</project>\n'


def ant(more: str = "") -> dict[str, str]:
    """A build file."""
    return {"build.xml": ANT.replace("{more}", more)}


@scenario("ant/compile", label="compile_error", needs=("ant", "javac"))
def _ant() -> Iterator[Case]:
    yield Case("symbol", "ant", ant() | java("acme", "Radio", "    Mixer mixer;"), proof=r"error: cannot find symbol")
    yield Case("verbose", "ant -verbose build", ant() | java("acme", "Radio", "    int hz() { return 1.5; }"), proof=r"error: incompatible types: possible lossy conversion")


@scenario("ant/build-file", label="configuration_error", needs=("ant",))
def _ant_file() -> Iterator[Case]:
    yield Case("no-file", "ant test", {"README": "x"}, proof=r"Buildfile: build\.xml does not exist!")
    yield Case("target", "ant deploy", ant(), proof=r'Target "deploy" does not exist in the project "radio"')
    yield Case("task", "ant fetch", ant('  <target name="fetch"><ivy:retrieve xmlns:ivy="antlib:org.apache.ivy.ant"/></target>\n'), proof=r"Problem: failed to create task or type .*retrieve")
    yield Case("xml", "ant", {"build.xml": "<project>\n<target name='a'>\n</project>\n"}, proof=r"must be terminated by the matching end-tag")
    yield Case("property", "set -x\nant build publish", ant('  <target name="publish"><fail unless="repo.url" message="repo.url is not set; copy local.properties.example"/></target>\n') | CART, proof=r"repo\.url is not set")
    yield Case("file", "ant pack", ant('  <target name="pack"><copy file="assets/logo.png" todir="out"/></target>\n'), proof=r"Warning: Could not find file .*assets/logo\.png to copy")


@scenario("ant/junit", label="test_failure", needs=("ant", "javac"))
def _ant_test() -> Iterator[Case]:
    main = java("acme", "Check", '    public static void main(String[] a) {\n        for (int i = 0; i < 120; i++) System.out.println("ok " + i + " timeout of connection " + i);\n        if (7 * 6 != 41) throw new AssertionError("answer: expected 41 but was " + 7 * 6);\n    }')
    yield Case("java-task", "ant check", ant('  <target name="check" depends="build"><java classname="acme.Check" classpath="out" fork="true" failonerror="true"/></target>\n') | main, proof=r"AssertionError: answer: expected 41 but was 42")


@scenario("ant/disk-full", label="disk_full", needs=("ant",), root=True)
def _ant_disk() -> Iterator[Case]:
    pack = '  <target name="pack"><tar destfile="all.tar" basedir="/usr/share/ant"/><copy todir="out"><fileset dir="/usr/share/java" includes="a*.jar"/></copy></target>\n'
    yield Case("copy", "ant init pack", ant(pack), limits=Limits(disk_mb=1), proof=r"No space left on device")


GRADLE = {"settings.gradle": "rootProject.name = 'radio'\n"}
RUN = "gradle --no-daemon --offline "


def gradle(text: str) -> dict[str, str]:
    """A Java project's build.gradle."""
    return {**GRADLE, "build.gradle": "apply plugin: 'java'\n" + text}


@scenario("gradle/compile", label="compile_error", needs=("gradle", "javac"))
def _gradle() -> Iterator[Case]:
    yield Case("java", RUN + "build", gradle("") | java("acme", "Radio", "    int hz() { return frequncy; }"), proof=r"error: cannot find symbol")
    yield Case("plain-stacktrace", RUN + "--console=plain --stacktrace assemble", gradle("") | java("acme", "Radio", '    int hz() { return "x"; }'), proof=r"error: incompatible types")
    yield Case("info", RUN + "--info --console=plain test", gradle("") | CART | java("acme", "Till", "    acme.cart.Basket basket;"), proof=r"error: (?:cannot find symbol|package)")


@scenario("gradle/script", label="configuration_error", needs=("gradle",))
def _script() -> Iterator[Case]:
    yield Case("property", RUN + "build", gradle("version = appVersion\n"), proof=r"Could not get unknown property 'appVersion' for root project")
    yield Case("task", RUN + "--console=plain publishAll", gradle(""), proof=r"Task 'publishAll' not found in root project")
    yield Case("plugin", RUN + "build", {**GRADLE, "build.gradle": "apply plugin: 'acme.shadow'\n"}, proof=r"Plugin with id 'acme\.shadow' not found")
    yield Case("syntax", RUN + "build", gradle("dependencies {\n  compile 'a:b:1'\n"), proof=r"build file .*build\.gradle': \d+: |startup failed")
    yield Case("method", RUN + "build", gradle("dependencies {\n  implementationOnly 'a:b:1'\n}\n"), proof=r"Could not find method implementationOnly\(\)")
    yield Case("java-version", RUN + "build -Dorg.gradle.java.home=/opt/jdk-11", gradle("") | CART, proof=r"(?:Java home supplied via|org\.gradle\.java\.home).*(?:invalid|/opt/jdk-11)")
    yield Case("wrapper", "./gradlew build --info", gradle("") | CART, proof=r"\./gradlew: No such file or directory")
    yield Case("wrapper-jar", "java -classpath gradle/wrapper/gradle-wrapper.jar org.gradle.wrapper.GradleWrapperMain build", gradle("") | CART, proof=r"Could not find or load main class org\.gradle\.wrapper\.GradleWrapperMain")


@scenario("gradle/dependency", label="dependency_not_found", needs=("gradle",))
def _dependency() -> Iterator[Case]:
    local = "repositories { maven { url uri('libs') } }\n"
    yield Case("missing", "gradle --no-daemon --console=plain build", gradle(local + "dependencies { compile 'example.acme:ink:3.1' }\n") | CART | {"libs/readme": ""}, proof=r"Could not find example\.acme:ink:3\.1")
    yield Case("none", "gradle --no-daemon compileJava", gradle("dependencies { compile 'example.acme:ink:3.1' }\n") | CART, proof=r"Cannot resolve external dependency example\.acme:ink:3\.1 because no repositories are defined", label="configuration_error")
    yield Case("range", "gradle --no-daemon dependencies build", gradle(local + "dependencies { compile 'example.acme:ink:[3,4)' }\n") | CART | {"libs/example/acme/ink/maven-metadata.xml": "<metadata><groupId>example.acme</groupId><artifactId>ink</artifactId><versioning><versions><version>2.0</version></versions></versioning></metadata>"}, proof=r"Could not find any version that matches example\.acme:ink:\[3,4\)")


@scenario("gradle/test", label="test_failure", needs=("gradle", "javac"))
def _gradle_test() -> Iterator[Case]:
    junit = "dependencies { testCompile files('/usr/share/java/junit4.jar', '/usr/share/java/hamcrest-core.jar') }\n"
    test = {"src/test/java/acme/cart/CartTest.java": "package acme.cart;\n\npublic class CartTest {\n    @org.junit.Test\n    public void discounts() {\n        org.junit.Assert.assertEquals(\"timeout of 503\", 5, new Cart().total());\n    }\n}\n"}
    yield Case("plain", RUN + "test", gradle(junit) | CART | test, proof=r"^acme\.cart\.CartTest > discounts FAILED|There were failing tests")
    yield Case("full", RUN + "--console=plain check", gradle(junit + "test { testLogging { exceptionFormat 'full'; events 'passed', 'failed', 'standardOut' } }\n") | CART | test, proof=r"timeout of 503 expected:<5> but was:<0>")


@scenario("gradle/heap", label="out_of_memory", needs=("gradle", "javac"))
def _gradle_heap() -> Iterator[Case]:
    junit = "dependencies { testCompile files('/usr/share/java/junit4.jar', '/usr/share/java/hamcrest-core.jar') }\ntest { maxHeapSize = '40m'; testLogging { exceptionFormat 'full' } }\n"
    test = {"src/test/java/acme/MapTest.java": "package acme;\n\npublic class MapTest {\n    @org.junit.Test\n    public void loads() {\n        java.util.List<byte[]> all = new java.util.ArrayList<>();\n        for (int i = 0; i < 200; i++) all.add(new byte[1 << 20]);\n    }\n}\n"}
    yield Case("test", RUN + "--console=plain test", gradle(junit) | test, proof=r"OutOfMemoryError: Java heap space")


@scenario("gradle/lock-held", label="stale_state", needs=("gradle", "python3"))
def _gradle_lock() -> Iterator[Case]:
    hold = "python3 - <<'E' &\nimport fcntl, os, time\nos.makedirs('.gradle/4.4.1/taskHistory', exist_ok=True)\nf = open('.gradle/4.4.1/taskHistory/taskHistory.lock', 'w+b')\nf.write(bytes(17)); f.flush()\nfcntl.lockf(f, fcntl.LOCK_EX)\ntime.sleep(150)\nE\nsleep 1\n"
    yield Case("task-history", hold + RUN + "build", gradle("") | CART, proof=r"Timeout waiting to lock .*It is currently in use by another Gradle instance", timeout_s=150)


@scenario("scalac/refuses", label="compile_error", needs=("scalac",))
def _scala() -> Iterator[Case]:
    yield Case("types", "mkdir -p out\nscalac -d out Deck.scala", {"Deck.scala": 'object Deck {\n  val cards: Int = "fifty"\n}\n'}, proof=r"error: type mismatch")
    yield Case("value", "mkdir -p out\nscalac -deprecation -feature -Xfatal-warnings -d out *.scala", {"Deck.scala": "class Deck {\n  def shuffle = crads.reverse\n  val cards = List(1, 2)\n}\n"}, proof=r"error: not found: value crads")
    yield Case("syntax", "mkdir -p out\nscalac -verbose -d out Deck.scala 2>&1 | tail -n 300", {"Deck.scala": "class Deck {\n  def draw(n: Int = {\n}\n"}, proof=r"error: ")


@scenario("kotlin/refuses", label="compile_error", needs=("mvn",))
def _kotlin() -> Iterator[Case]:
    from models.lab.scenarios.jvm_projects import SUREFIRE3, plugin, pom

    kotlin = plugin("org.jetbrains.kotlin:kotlin-maven-plugin:2.0.21", "<executions><execution><goals><goal>compile</goal></goals></execution></executions><configuration><sourceDirs><sourceDir>src/main/kotlin</sourceDir></sourceDirs></configuration>")
    base = pom("score", "org.jetbrains.kotlin:kotlin-stdlib:2.0.21", plugins=SUREFIRE3 + kotlin)
    bad = {"src/main/kotlin/Score.kt": 'package acme\n\ndata class Score(val player: String, val points: Int)\n\nfun best(all: List<Score>): Score = all.maxByOrNull { it.points }\n\nfun label(s: Score?) = s.player + ": " + s.pionts\n'}
    yield Case("null-safety", "mvn -B compile", base | bad, prepare=WARM, proof=r"Score\.kt:\[?\(?\d+.*(?:[Uu]nresolved reference|[Tt]ype mismatch|Only safe|but)")
    yield Case("plain", "mvn -q -ntp package", base | {"src/main/kotlin/Score.kt": "package acme\n\nfun timeout(): Int {\n    val limit: Int = \"503\"\n    return limit\n}\n"}, env={"CI": "true"}, prepare=WARM, proof=r"Score\.kt.*(?:mismatch|actual type)")


@scenario("groovy/fails", label="compile_error", needs=("groovy",))
def _groovy() -> Iterator[Case]:
    yield Case("syntax", "groovy ci/release.groovy", {"ci/release.groovy": "def tag = 'v1'\nprintln \"releasing ${tag}\nprintln 'done'\n"}, proof=r"release\.groovy: \d+: ")
    yield Case("compile-static", "groovyc -d out Lib.groovy", {"Lib.groovy": "@groovy.transform.CompileStatic\nclass Lib {\n    int wait(String s) { s.lenght() }\n}\n"}, proof=r"Cannot find matching method java\.lang\.String#lenght")
    yield Case("assert", "groovy checks.groovy", {"checks.groovy": "def retries = 3\n(1..40).each { println \"check $it: ok, no timeout\" }\nassert retries * 2 == 7 : 'six retries are not seven'\n"}, proof=r"six retries are not seven", label="test_failure")
    yield Case("missing", "groovy checks.groovy", {"checks.groovy": "println 'deploying'\ndeploy(environment)\n"}, proof=r"MissingPropertyException: No such property: environment", label="configuration_error")


@scenario("clojure/fails", label="compile_error", needs=("clojure",))
def _clojure() -> Iterator[Case]:
    yield Case("symbol", "clojure src/deck.clj", {"src/deck.clj": "(ns deck)\n(defn draw [n] (take n crads))\n"}, proof=r"Unable to resolve symbol: crads in this context")
    yield Case("reader", "clojure src/deck.clj", {"src/deck.clj": "(ns deck)\n(defn draw [n]\n  (take n [1 2 3])\n"}, proof=r"EOF while reading")
    tests = "(ns deck-test (:require [clojure.test :refer [deftest is run-tests]]))\n(deftest timeout-503 (is (= 3 (+ 1 1)) \"two retries\"))\n(deftest fine (is (= 1 1)))\n(let [{:keys [fail error]} (run-tests)] (System/exit (+ fail error)))\n"
    yield Case("test", "clojure test/deck_test.clj", {"test/deck_test.clj": tests}, proof=r"^FAIL in \(timeout-503\)", label="test_failure")
