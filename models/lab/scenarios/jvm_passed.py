"""Long JVM runs that pass, with warnings, survived retries and frightening words."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
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


@scenario("maven-passes/long", label=PASSED, needs=("mvn",))
def _long() -> Iterator[Case]:
    cart = pom("cart", JUNIT5) | CART | noisy_tests("acme.cart", 25, 8, "ConnectionRefused")
    words = {"src/test/java/acme/cart/WordsTest.java": junit5("acme.cart", "WordsTest", 'System.err.println("ERROR: 503 Service Unavailable, retrying"); new IllegalStateException("simulated: No space left on device").printStackTrace(); assertThrows(OutOfMemoryError.class, () -> { throw new OutOfMemoryError("Java heap space"); });')}
    yield Case("verify", "set -x\nmvn -B -V -ntp verify\nls -l target", cart | words, env={"CI": "true"}, prepare=WARM)
    yield Case("debug", "mvn -B -X compile", cart, prepare=WARM)
    yield Case("reactor", "mvn -B -T 2 verify", modules("core", "parser<core", "server<parser", "client<parser", "tools<core"), prepare=WARM)
    once = {"src/test/java/acme/cart/OnceTest.java": junit5("acme.cart", "OnceTest", 'java.nio.file.Path mark = java.nio.file.Path.of("target/ran.mark"); boolean was = java.nio.file.Files.exists(mark); java.nio.file.Files.writeString(mark, "1"); assertTrue(was, "first run fails");')}
    rerun = plugin(":maven-surefire-plugin:3.5.2", "<configuration><rerunFailingTestsCount>2</rerunFailingTestsCount></configuration>")
    yield Case("flake-survived", "mvn -B test", pom("cart", JUNIT5, plugins=rerun) | CART | once, prepare=WARM)
    yield Case("ignored-failures", "mvn -B -Dmaven.test.failure.ignore=true package\necho 'failures are reported elsewhere'", cart | {"src/test/java/acme/cart/XTest.java": junit5("acme.cart", "XTest", "assertEquals(1, 2);")}, prepare=WARM)
    yield Case("javac", "javac -Xlint:all -d out $(find src/main -name '*.java')\njava -Xlog:gc*,class+load -Xmx64m -cp out acme.Main", java("acme", "Main", '    public static void main(String[] a) {\n        java.util.List raw = new java.util.ArrayList();\n        for (int i = 0; i < 200; i++) raw.add("failed 0, error 0, attempt " + i);\n        System.out.println(raw);\n    }'))
    yield Case("ant", "ant -verbose", CART | {"build.xml": '<project default="b"><target name="b"><mkdir dir="out"/><javac srcdir="src/main/java" destdir="out" includeantruntime="false"/><echo message="error count: 0"/></target></project>\n'})
