"""Java code that javac refuses, bare and under Maven; the wrong Java."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.jvm_projects import (
    CART,
    JUNIT5,
    WARM,
    java,
    junit5,
    modules,
    noisy_tests,
    plugin,
    pom,
)

CI = {"CI": "true", "MAVEN_OPTS": "-Djansi.force=false"}


@scenario("javac/refuses", label="compile_error", needs=("javac",))
def _javac() -> Iterator[Case]:
    run = "javac -d out $(find src -name '*.java')"
    yield Case("symbol", run, java("acme", "Radio", "    double mhz() { return frequncy; }\n    private double frequency = 98.5;"), proof=r"error: cannot find symbol")
    yield Case("types", run, java("acme", "Radio", '    int channel() { return "98.5"; }'), proof=r"error: incompatible types: String cannot be converted to int")
    yield Case("syntax", run, java("acme", "Radio", "    void tune(int hz) {\n        if (hz > 3 {\n            return;\n        }\n    }"), proof=r"error: '\)' expected")
    yield Case("package", "javac -Xlint:all -verbose -d out src/main/java/acme/Radio.java", java("acme", "Radio", "    Mixer mixer;", "import acme.audio.Mixer;\n\n"), proof=r"error: package acme\.audio does not exist")
    yield Case("checked", "set -x\njavac --version\n" + run, java("acme", "Radio", "    void rest() {\n        Thread.sleep(5000);\n    }"), proof=r"unreported exception InterruptedException")
    sealed = "    sealed interface Shape permits Dot, Line {}\n    record Dot() implements Shape {}\n    record Line(int size) implements Shape {}\n    int size(Shape s) {\n        final int x = 1;\n        x = 2;\n        return s.width();\n    }"
    yield Case("several", "javac -Xmaxerrs 5 -Xlint:unchecked src/main/java/acme/Shapes.java", java("acme", "Shapes", sealed), proof=r"error: cannot (?:find symbol|assign a value to final variable x)")
    yield Case("german", "javac -J-Duser.language=de -J-Duser.country=DE src/main/java/acme/Radio.java", java("acme", "Radio", "    String name() { return 7; }"), proof=r"(?:Fehler|error): ")
    yield Case("single-file", "java src/main/java/acme/Radio.java", java("acme", "Radio", "    public static void main(String[] a) { System.out.printn(a.length); }"), proof=r"error: cannot find symbol")


@scenario("maven/compile", label="compile_error", needs=("mvn",))
def _maven() -> Iterator[Case]:
    wants = r"^\[.*ERROR.*\] .*\.java:\[\d+,\d+\] "
    yield Case("symbol", "mvn -B compile", pom("cart") | CART | java("acme.cart", "Till", "    long pay(Cart c) { return c.totl(); }"), prepare=WARM, proof=wants)
    yield Case("quiet", "mvn -q package", pom("cart") | CART | java("acme.cart", "Till", "    Cart cart = new Cart(5);"), prepare=WARM, proof=wants)
    test = {"src/test/java/acme/cart/CartTest.java": junit5("acme.cart", "CartTest", 'assertEquals(3, new Cart().timeoutMillis("503"));')}
    yield Case("in-tests", "mvn -B -ntp verify", pom("cart", JUNIT5) | CART | test, env=CI, prepare=WARM, proof=wants)
    yield Case("werror", "mvn -B -V compile", pom("cart", plugins=plugin(":maven-compiler-plugin:3.13.0", "<configuration><failOnWarning>true</failOnWarning><compilerArgs><arg>-Xlint:all</arg></compilerArgs></configuration>")) | java("acme", "Raw", "    java.util.List all = new java.util.ArrayList();"), prepare=WARM, proof=r"found raw type|warnings found and -Werror specified")
    many = modules("core", "parser<core", "server<parser", "client<parser")
    many["parser/src/main/java/acme/parser/Broken.java"] = "package acme.parser;\n\nclass Broken {\n    acme.core.Missing missing;\n}\n"
    yield Case("reactor", "mvn -B verify", many, prepare=WARM, proof=wants)
    yield Case("reactor-threads", "mvn -T 2 --fail-at-end install -Dmaven.install.skip", many, env=CI, prepare=WARM, proof=wants)
    deep = pom("cart", JUNIT5) | CART | noisy_tests("acme.cart", 20, 6, "ConnectionRefused")
    script = "set -x\nmvn -B -V -ntp test\nmkdir -p src/main/java/acme/cart\ncp generated/Order.java src/main/java/acme/cart/\nmvn -B -ntp verify || { ls -R target | head -60; exit 1; }"
    yield Case("in-noise", script, deep | {"generated/Order.java": "package acme.cart;\n\npublic class Order extends Cart {\n    @Override\n    public String toString() {\n        return retries + \" retries left\";\n    }\n}\n"}, prepare=WARM, proof=wants)


@scenario("maven/wrong-java", label="configuration_error", needs=("mvn",))
def _release() -> Iterator[Case]:
    yield Case("release", "mvn -B compile", pom("cart", java="21") | CART, prepare=WARM, proof=r"(?:error: )?release version 21 not supported")
    yield Case("release-in-noise", "mvn -B -X compile", pom("cart", java="23") | CART, env=CI, prepare=WARM, proof=r"release version 23 not supported")
    yield Case("javac", "javac --release 6 -d out $(find src -name '*.java')", CART, proof=r"error: (?:release version|Source option|.*6).*not supported")
    yield Case("class-version", "/usr/lib/jvm/temurin-25-jdk-amd64/bin/javac -d out $(find src -name '*.java')\njava -cp out acme.Main", java("acme", "Main", "    public static void main(String[] a) {}"), proof=r"UnsupportedClassVersionError")
    yield Case("java-home", "export JAVA_HOME=/opt/jdk-21\nmvn -B compile", pom("cart") | CART, prepare=WARM, proof=r"JAVA_HOME environment variable is not defined correctly|JAVA_HOME.*(?:invalid|not)")
    yield Case("no-main", "javac -d out $(find src -name '*.java')\njava -cp out acme.cart.Server --port 80", CART, proof=r"Error: Could not find or load main class acme\.cart\.Server")
    yield Case("no-jar", "mvn -q package\njava -jar target/cart-all.jar", pom("cart") | CART, prepare=WARM, proof=r"Error: Unable to access jarfile target/cart-all\.jar")
    yield Case("option", "java -XX:+UseConcMarkSweepGC -XX:MaxPermSize=256m -version", proof=r"Unrecognized VM option 'UseConcMarkSweepGC'")


@scenario("javadoc/rejects", label="lint_error", needs=("mvn", "javadoc"))
def _javadoc() -> Iterator[Case]:
    doc = {"src/main/java/acme/Queue.java": "package acme;\n\n/** A queue. See {@link Missing#retry}. */\npublic class Queue {\n    /**\n     * Waits <b>long.\n     *\n     * @param timeout a time\n     * @return nothing\n     */\n    public void await(int millis) {}\n}\n"}
    yield Case("tool", "javadoc -Xdoclint:all -Xwerror -d out src/main/java/acme/Queue.java", doc, proof=r"error: (?:reference not found|@param name not found|invalid use of @return)")
    docs = plugin(":maven-javadoc-plugin:3.10.1", "<executions><execution><goals><goal>jar</goal></goals></execution></executions><configuration><doclint>all</doclint><failOnError>true</failOnError></configuration>")
    yield Case("maven", "mvn -B package", pom("queue", plugins=docs) | doc, prepare=WARM, proof=r"error: (?:reference not found|@param name not found|invalid use of @return)")


@scenario("maven-checks/reject", label="lint_error", needs=("mvn",))
def _checks() -> Iterator[Case]:
    check = plugin(":maven-pmd-plugin:3.26.0", "<executions><execution><phase>verify</phase><goals><goal>check</goal></goals></execution></executions><configuration><printFailingErrors>true</printFailingErrors></configuration>")
    unused = java("acme", "Port", "    private int timeout503() {\n        int unused = 3;\n        return 4;\n    }\n\n    public void open() {\n        try {\n            wait();\n        } catch (Exception e) {\n        }\n    }")
    yield Case("pmd", "mvn -B verify", pom("port", plugins=check) | unused, prepare=WARM, proof=r"PMD Failure: ")
    yield Case("cpd", "mvn -B pmd:cpd-check -Dcpd.verbose=true", pom("port", plugins=plugin(":maven-pmd-plugin:3.26.0", "<configuration><minimumTokens>20</minimumTokens><printFailingErrors>true</printFailingErrors></configuration>")) | java("acme", "A", "    int f(int a) {\n        int b = a * 3 + 7 - a / 2;\n        int c = b * 3 + 7 - b / 2;\n        return b + c + a;\n    }") | java("acme", "B", "    int f(int a) {\n        int b = a * 3 + 7 - a / 2;\n        int c = b * 3 + 7 - b / 2;\n        return b + c + a;\n    }"), prepare=WARM, proof=r"CPD Failure: |You have \d+ CPD duplication")
    style = plugin(":maven-checkstyle-plugin:3.6.0", "<executions><execution><phase>validate</phase><goals><goal>check</goal></goals></execution></executions><configuration><configLocation>LOCATION</configLocation><consoleOutput>true</consoleOutput><violationSeverity>warning</violationSeverity></configuration>")
    yield Case("checkstyle-google", "mvn -B test", pom("cart", JUNIT5, plugins=style.replace("LOCATION", "google_checks.xml")) | CART, prepare=WARM, proof=r"^\[(?:WARN|WARNING|ERROR)\] .*\.java:\[?\d+.*\[?\w+\]?")
    yield Case("checkstyle-sun", "mvn -B -ntp verify -e", pom("cart", plugins=style.replace("LOCATION", "sun_checks.xml").replace("validate", "verify")) | CART, env=CI, prepare=WARM, proof=r"^\[ERROR\] .*\.java:\[?\d+.*")
    bugs = plugin("com.github.spotbugs:spotbugs-maven-plugin:4.8.6.6", "<executions><execution><goals><goal>check</goal></goals></execution></executions>")
    bad = java("acme", "Socket", '    public static int timeouts;\n    public boolean refused(String a) {\n        return a == "connection refused";\n    }\n    public int hashCode() {\n        String s = null;\n        return s.length();\n    }')
    yield Case("spotbugs", "mvn -B verify", pom("socket", plugins=bugs) | bad, prepare=WARM, proof=r"^\[ERROR\] (?:High|Medium): ")
    format_ = plugin("com.diffplug.spotless:spotless-maven-plugin:2.43.0", "<executions><execution><phase>verify</phase><goals><goal>check</goal></goals></execution></executions><configuration><java><removeUnusedImports/><indent><tabs>true</tabs></indent><endWithNewline/></java></configuration>")
    yield Case("spotless", "mvn -B verify", pom("cart", JUNIT5, plugins=format_) | CART | noisy_tests("acme.cart", 6, 4, "Disk"), prepare=WARM, proof=r"The following files had format violations")
