"""JVM tests that fail: wrong values, errors, coverage; tests that fail only sometimes; tests that never end."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.jvm_projects import (
    CART,
    JUNIT4,
    JUNIT5,
    SUREFIRE2,
    SUREFIRE3,
    TESTNG,
    WARM,
    execution,
    java,
    junit4,
    junit5,
    modules,
    noisy_tests,
    plugin,
    pom,
)

CI = {"CI": "true"}
TEST = "src/test/java/acme/cart/"


def cart5(body: str, more: str = "", name: str = "CartTest") -> dict[str, str]:
    """A JUnit 5 test of the cart."""
    return {f"{TEST}{name}.java": junit5("acme.cart", name, body, more)}


@scenario("surefire/wrong-value", label="test_failure", needs=("mvn",))
def _values() -> Iterator[Case]:
    wrong = "Cart c = new Cart(); c.add(1999); assertEquals(1799, c.discounted(15));"
    yield Case("junit5", "mvn -B test", pom("cart", JUNIT5) | CART | cart5(wrong), prepare=WARM, proof=r"expected: <1799> but was: <1700>")
    yield Case("junit4", "mvn -q test", pom("cart", JUNIT4, plugins=SUREFIRE2) | CART | {f"{TEST}CartTest.java": junit4("acme.cart", "CartTest", wrong)}, prepare=WARM, proof=r"expected:<17\[99\]> but was:<17\[00\]>|expected:<1799> but was:<1700>")
    testng = f'package acme.cart;\n\nimport static org.testng.Assert.*;\n\nimport org.testng.annotations.Test;\n\npublic class CartTest {{\n    @Test\n    public void discount() {{ {wrong.replace("assertEquals(1799, c.discounted(15))", "assertEquals(c.discounted(15), 1799)")} }}\n}}\n'
    yield Case("testng", "mvn -B -ntp verify", pom("cart", TESTNG, plugins=SUREFIRE2) | CART | {f"{TEST}CartTest.java": testng}, env=CI, prepare=WARM, proof=r"expected \[1799\] but found \[1700\]")
    several = cart5('assertTrue(new Cart().total() > 0, "a new cart holds a welcome gift");', "    @Test\n    void refusesNegative() {\n        assertThrows(IllegalStateException.class, () -> new Cart().add(-1));\n    }\n    @Test\n    void list() {\n        assertIterableEquals(java.util.List.of(1, 2), java.util.List.of(1, 3));\n    }\n")
    yield Case("several", "set -x\nmvn -B -V test", pom("cart", JUNIT5, plugins=SUREFIRE2) | CART | several, prepare=WARM, proof=r"a new cart holds a welcome gift|Unexpected exception type thrown|iterable contents differ")
    yield Case("failsafe", "mvn -B verify", pom("cart", JUNIT5, plugins=SUREFIRE3 + plugin(":maven-failsafe-plugin:3.5.2", "<executions><execution><goals><goal>integration-test</goal><goal>verify</goal></goals></execution></executions>")) | CART | cart5(wrong, name="CheckoutIT"), prepare=WARM, proof=r"expected: <1799> but was: <1700>")
    many = modules("core", "parser<core", "server<parser", "client<parser")
    many["parser/src/test/java/acme/parser/GrammarTest.java"] = junit5("acme.parser", "GrammarTest", "assertEquals(7, new Parser().size());")
    yield Case("reactor", "mvn -B verify", many, prepare=WARM, proof=r"expected: <7> but was: <6>")
    yield Case("reactor-fail-at-end", "mvn -T2 -fae -ntp verify", many, prepare=WARM, proof=r"expected: <7> but was: <6>")


@scenario("surefire/error", label="test_failure", needs=("mvn",))
def _errors() -> Iterator[Case]:
    yield Case("null", "mvn -B test", pom("cart", JUNIT5) | CART | cart5("Cart c = null; c.add(4);"), prepare=WARM, proof=r"NullPointerException: Cannot invoke")
    yield Case("exception", "mvn -B -DtrimStackTrace=false test", pom("cart", JUNIT4, plugins=SUREFIRE2) | CART | {f"{TEST}CartTest.java": junit4("acme.cart", "CartTest", "new Cart().add(-3);")}, prepare=WARM, proof=r"IllegalArgumentException: negative price: -3")
    yield Case("stack", "mvn -B -ntp test", pom("cart", JUNIT5) | java("acme.cart", "Tree", "    public int depth(Tree t) { return 1 + depth(t); }") | cart5("assertEquals(2, new Tree().depth(new Tree()));"), prepare=WARM, proof=r"java\.lang\.StackOverflowError")
    yield Case("lifecycle", "mvn -B test", pom("cart", JUNIT5) | CART | cart5("assertNotNull(new Cart());", '    @org.junit.jupiter.api.BeforeAll\n    static void open() {\n        throw new IllegalStateException("fixture cart.json has 3 fields, expected 4");\n    }\n'), prepare=WARM, proof=r"IllegalStateException: fixture cart\.json has 3 fields")
    yield Case("exit", "mvn -B test", pom("cart", JUNIT5) | CART | cart5('System.err.println("cart server: bye"); System.exit(3);'), prepare=WARM, proof=r"The forked VM terminated without (?:properly )?saying (?:properly )?goodbye|System\.exit called|Process Exit Code: 3")


@scenario("surefire/in-noise", label="test_failure", needs=("mvn",))
def _noise() -> Iterator[Case]:
    noise = noisy_tests("acme.cart", 25, 8, "ServiceUnavailable")
    late = cart5('System.out.println("ERROR GET /stock: 503 Service Unavailable, attempt 1, retrying"); System.out.println("INFO GET /stock: 200 OK"); assertEquals("HTTP 503: retry in 100 ms", "HTTP 503: retry in 200 ms");', name="ZoneTest")
    yield Case("about-503", "set -x\nmvn -B -V -ntp verify", pom("cart", JUNIT5) | CART | noise | late, env=CI, prepare=WARM, proof=r"expected: <HTTP 503: retry in 100 ms> but was: <HTTP 503: retry in 200 ms>")
    heap = cart5('OutOfMemoryError error = new OutOfMemoryError("Java heap space"); System.out.println("simulated: " + error); assertEquals("No space left on device", error.getMessage());', name="YieldTest")
    yield Case("about-heap", "mvn -B test || { find target -name '*.txt' | xargs tail -n 5; exit 1; }", pom("cart", JUNIT5) | CART | noise | heap, prepare=WARM, proof=r"expected: <No space left on device> but was: <Java heap space>")
    debug = pom("cart", JUNIT5) | CART | cart5("assertFalse(true, \"connection timed out flag was set\");")
    yield Case("debug", "mvn -B -X test", debug, prepare=WARM, proof=r"connection timed out flag was set ==> expected: <false> but was: <true>")
    cover = plugin("org.jacoco:jacoco-maven-plugin:0.8.12", "<executions><execution><id>a</id><goals><goal>prepare-agent</goal></goals></execution><execution><id>c</id><phase>verify</phase><goals><goal>report</goal><goal>check</goal></goals></execution></executions><configuration><rules><rule><element>BUNDLE</element><limits><limit><counter>LINE</counter><value>COVEREDRATIO</value><minimum>0.90</minimum></limit></limits></rule></rules></configuration>")
    yield Case("coverage", "mvn -B verify", pom("cart", JUNIT5, plugins=SUREFIRE3 + cover) | CART | cart5("assertEquals(0, new Cart().total());") | noisy_tests("acme.cart", 10, 5, "Disk"), prepare=WARM, proof=r"Rule violated for bundle cart: lines covered ratio is")


@scenario("surefire/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=("mvn",))
def _flaky() -> Iterator[Case]:
    first = "    static boolean warm() throws Exception {\n        java.nio.file.Path mark = java.nio.file.Path.of(\"warm.mark\");\n        boolean was = java.nio.file.Files.exists(mark);\n        java.nio.file.Files.writeString(mark, \"1\");\n        return was;\n    }\n"
    limit = cart5("assertTrue(true);", first + "    @Test\n    @org.junit.jupiter.api.Timeout(value = 400, unit = java.util.concurrent.TimeUnit.MILLISECONDS)\n    void workerAnswers() throws Exception {\n        if (!warm()) Thread.sleep(5000);\n    }\n")
    yield Case("timeout5", "mvn -B test", pom("cart", JUNIT5) | CART | limit, prepare=WARM, proof=r"workerAnswers\(\) timed out after 400 milliseconds")
    four = {f"{TEST}CartTest.java": junit4("acme.cart", "CartTest", "assertTrue(true);", first + "    @Test(timeout = 300)\n    public void stockArrives() throws Exception {\n        if (!warm()) Thread.sleep(9000);\n    }\n")}
    yield Case("timeout4", "mvn -B -ntp test", pom("cart", JUNIT4, plugins=SUREFIRE2) | CART | four, env=CI, prepare=WARM, proof=r"test timed out after 300 milliseconds")
    wait = cart5("assertTrue(true);", first + '    @Test\n    void eventually() throws Exception {\n        boolean w = warm();\n        org.awaitility.Awaitility.await("order 77 shipped").atMost(java.time.Duration.ofMillis(500)).until(() -> w);\n    }\n')
    yield Case("awaitility", "mvn -B test", pom("cart", JUNIT5, "org.awaitility:awaitility:4.2.2:test") | CART | wait | noisy_tests("acme.cart", 8, 5, "Order"), prepare=WARM, proof=r"Condition with alias 'order 77 shipped' didn't complete within 500 milliseconds")
    clock = cart5("assertTrue(true);", first + '    @Test\n    void ticks() throws Exception {\n        long t = System.nanoTime();\n        Thread.sleep(warm() ? 10 : 260);\n        long ms = (System.nanoTime() - t) / 1000000;\n        assertTrue(ms < 200, "tick took " + ms + " ms, expected under 200 ms: the runner is slow");\n    }\n')
    yield Case("clock", "mvn -q test", pom("cart", JUNIT5) | CART | clock, prepare=WARM, proof=r"tick took \d+ ms, expected under 200 ms")


@scenario("surefire/flakes-counted", label="flaky_test", needs=("mvn",))
def _flakes() -> Iterator[Case]:
    once = cart5("java.nio.file.Path mark = java.nio.file.Path.of(\"target/ran.mark\"); boolean was = java.nio.file.Files.exists(mark); java.nio.file.Files.writeString(mark, \"1\"); assertTrue(was, \"lock was still held by the other thread\");")
    strict = plugin(":maven-surefire-plugin:3.5.2", "<configuration><rerunFailingTestsCount>2</rerunFailingTestsCount><failOnFlakeCount>1</failOnFlakeCount></configuration>")
    yield Case("fail-on-flake", "mvn -B test", pom("cart", JUNIT5, plugins=strict) | CART | once, prepare=WARM, proof=r"<<< FLAKE!|Flakes: 1|There were? (?:are )?\d+ flakes?|Flaky|CartTest\.cartTestWorks$")
    yield Case("fail-on-flake-noise", "mvn -B -V -ntp verify", pom("cart", JUNIT5, plugins=strict) | CART | once | noisy_tests("acme.cart", 12, 6, "Queue"), env=CI, prepare=WARM, proof=r"<<< FLAKE!|Flakes: 1|There were? (?:are )?\d+ flakes?|Flaky|CartTest\.cartTestWorks$")


@scenario("surefire/never-ends", label="hang", needs=("mvn", "timeout"))
def _hang() -> Iterator[Case]:
    wait = cart5('System.out.println("waiting for the lock"); Object a = new Object(); synchronized (a) { a.wait(); }')
    yield Case("job-timeout", "timeout -v 25 mvn -B test", pom("cart", JUNIT5) | CART | wait | noisy_tests("acme.cart", 3, 4, "Lock"), prepare=WARM, proof=r"^timeout: sending signal TERM to command")
    jobs = java("acme", "Jobs", '    public static void main(String[] a) throws Exception {\n        Object one = new Object(), two = new Object();\n        new Thread(() -> { synchronized (one) { nap(); synchronized (two) { nap(); } } }, "packer").start();\n        synchronized (two) { nap(); synchronized (one) { System.out.println("packed"); } }\n    }\n    static void nap() { try { Thread.sleep(300); } catch (InterruptedException e) { } }')
    yield Case("deadlock", "javac -d out src/main/java/acme/Jobs.java\n(sleep 4; jstack $(jps -q -m | head -1) | tail -40) &\ntimeout -v -s KILL 9 java -cp out acme.Jobs", jobs, proof=r"^timeout: sending signal KILL to command|Found one Java-level deadlock")


@scenario("testcontainers/no-docker", label="infrastructure", needs=("mvn",))
def _docker() -> Iterator[Case]:
    pg = cart5('new org.testcontainers.containers.GenericContainer<>("postgres:16").start();', name="StoreTest")
    deps = (JUNIT5, "org.testcontainers:testcontainers:1.20.4:test", "org.slf4j:slf4j-simple:1.7.36:test")
    yield Case("socket", "mvn -B test", pom("cart", *deps) | CART | pg, prepare=WARM, proof=r"Could not find a valid Docker environment")
    yield Case("host", "export DOCKER_HOST=tcp://127.0.0.1:2375\nmvn -B -ntp verify", pom("cart", *deps, plugins=SUREFIRE2) | CART | pg | noisy_tests("acme.cart", 10, 5, "Store"), env=CI, prepare=WARM, proof=r"Could not find a valid Docker environment")


@scenario("spock/condition", label="test_failure", needs=("mvn",))
def _spock() -> Iterator[Case]:
    groovy = plugin("org.codehaus.gmavenplus:gmavenplus-plugin:4.0.1", "<executions><execution><goals><goal>compileTests</goal><goal>addTestSources</goal></goals></execution></executions>")
    spec = {"src/test/groovy/acme/cart/CartSpec.groovy": 'package acme.cart\n\nimport spock.lang.Specification\n\nclass CartSpec extends Specification {\n    def "a discount of ten per cent"() {\n        given:\n        def cart = new Cart()\n        cart.add(1000)\n\n        expect:\n        cart.discounted(10) == 990\n    }\n}\n'}
    named = SUREFIRE3.replace("</version>", "</version><configuration><includes><include>**/*Spec</include></includes></configuration>")
    deps = ("org.spockframework:spock-core:2.4-M4-groovy-4.0:test", "org.apache.groovy:groovy:4.0.24:test")
    yield Case("discount", "mvn -B test", pom("cart", *deps, plugins=named + groovy) | CART | spec, prepare=WARM, proof=r"Condition not satisfied:")
    broken = {k: v.replace("cart.discounted(10) == 990", "cart.discounted(10 == 990") for k, v in spec.items()}
    yield Case("syntax", "mvn -B test", pom("cart", *deps, plugins=named + groovy) | CART | broken, prepare=WARM, proof=r"CartSpec\.groovy: \d+: ", label="compile_error")


@scenario("maven/says-nothing", label="unknown", needs=("mvn",))
def _unknown() -> Iterator[Case]:
    yield Case("hidden", "mvn -q test > build.log 2>&1 || { echo 'build failed, see build.log'; exit 1; }", pom("cart", JUNIT5) | CART | cart5("fail();"), prepare=WARM)
    yield Case("exit", "javac -d out src/main/java/acme/Tool.java\njava -cp out acme.Tool", java("acme", "Tool", '    public static void main(String[] a) { System.out.println("sync: 41 of 44 done"); System.exit(9); }'))
    yield Case("antrun", "mvn -B -ntp validate", pom("cart", plugins=plugin(":maven-antrun-plugin:3.1.0", execution("run", "validate", "<target><exec executable='sh' failonerror='true'><arg value='-c'/><arg value='exit 5'/></exec></target>"))), prepare=WARM)
