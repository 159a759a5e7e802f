"""JVMs that run out of memory, disk, descriptors or threads; and what earlier runs left behind."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.jvm_projects import (
    CART,
    JUNIT4,
    JUNIT5,
    WARM,
    java,
    junit4,
    junit5,
    noisy_tests,
    plugin,
    pom,
)

HUNGRY = java("acme.map", "Tiles", "    public static int load(int megabytes) {\n        java.util.List<byte[]> all = new java.util.ArrayList<>();\n        for (int i = 0; i < megabytes; i++) {\n            all.add(new byte[1 << 20]);\n        }\n        return all.size();\n    }\n    public static void main(String[] a) {\n        System.out.println(\"loading tiles\");\n        System.out.println(load(Integer.parseInt(a[0])));\n    }")
BUILD = "javac -d out $(find src/main -name '*.java')\n"


def forked(line: str) -> str:
    """Surefire whose fork has these flags."""
    return plugin(":maven-surefire-plugin:3.5.2", f"<configuration><argLine>{line}</argLine></configuration>")


@scenario("jvm/heap-of-test", label="out_of_memory", needs=("mvn",))
def _heap() -> Iterator[Case]:
    test = {"src/test/java/acme/map/TilesTest.java": junit5("acme.map", "TilesTest", "assertEquals(200, Tiles.load(200));")}
    # JUnit 5 lets this error end the fork; JUnit 4 reports it like any other.
    four = {"src/test/java/acme/map/TilesTest.java": junit4("acme.map", "TilesTest", "assertEquals(200, Tiles.load(200));")}
    more = {f"src/test/java/acme/map/Zoom{n}Test.java": junit4("acme.map", f"Zoom{n}Test", f'System.out.println("zoom {n}: 0 errors"); assertEquals({n}, {n});') for n in range(60)}
    heap = r"java\.lang\.OutOfMemoryError: Java heap space"
    yield Case("surefire", "mvn -B test", pom("map", JUNIT4, plugins=forked("-Xmx48m")) | HUNGRY | four, prepare=WARM, proof=heap)
    yield Case("surefire-noise", "set -x\nmvn -B -V -ntp verify", pom("map", JUNIT4, plugins=forked("-Xmx64m -XX:+UseSerialGC")) | HUNGRY | four | more, env={"CI": "true"}, prepare=WARM, proof=heap)
    yield Case("exit-on-oom", "mvn -B test", pom("map", JUNIT5, plugins=forked("-Xmx48m -XX:+ExitOnOutOfMemoryError")) | HUNGRY | test, prepare=WARM, proof=r"Terminating due to java\.lang\.OutOfMemoryError: Java heap space")


@scenario("jvm/heap", label="out_of_memory", needs=("javac",))
def _heaps() -> Iterator[Case]:
    yield Case("program", BUILD + "java -Xmx40m -cp out acme.map.Tiles 200", HUNGRY, proof=r"OutOfMemoryError: Java heap space")
    yield Case("dump", BUILD + "java -Xmx40m -XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=$TMPDIR -Xlog:gc -cp out acme.map.Tiles 200", HUNGRY, proof=r"OutOfMemoryError: Java heap space")
    gc = java("acme", "Churn", "    public static void main(String[] a) {\n        java.util.Map<Integer, String> all = new java.util.HashMap<>();\n        for (int i = 0; ; i++) {\n            all.put(i, \"entry \" + i);\n        }\n    }")
    yield Case("overhead", BUILD + "java -Xmx24m -XX:+UseParallelGC -cp out acme.Churn", gc, proof=r"OutOfMemoryError: (?:GC overhead limit exceeded|Java heap space)")
    direct = java("acme", "Buffers", "    public static void main(String[] a) {\n        java.util.List<Object> all = new java.util.ArrayList<>();\n        while (true) {\n            all.add(java.nio.ByteBuffer.allocateDirect(4 << 20));\n        }\n    }")
    yield Case("direct", "set -x\n" + BUILD + "java -XX:MaxDirectMemorySize=32m -cp out acme.Buffers", direct, proof=r"OutOfMemoryError: Cannot reserve \d+ bytes of direct buffer memory")
    size = java("acme", "Board", "    public static void main(String[] a) {\n        long[] board = new long[Integer.MAX_VALUE];\n        System.out.println(board.length);\n    }")
    yield Case("array", BUILD + "java -cp out acme.Board", size, proof=r"OutOfMemoryError: (?:Requested array size exceeds VM limit|Java heap space)")
    meta = java("acme", "Plugins", '    public static void main(String[] a) throws Exception {\n        java.util.List<Object> all = new java.util.ArrayList<>();\n        byte[] code = new java.io.FileInputStream("out/acme/Plugins.class").readAllBytes();\n        while (true) {\n            ClassLoader l = new ClassLoader(null) {\n                @Override\n                protected Class<?> findClass(String n) {\n                    return defineClass("acme.Plugins", code, 0, code.length);\n                }\n            };\n            all.add(l.loadClass("acme.Plugins"));\n        }\n    }')
    yield Case("metaspace", BUILD + "java -XX:MaxMetaspaceSize=12m -cp out acme.Plugins", meta, proof=r"OutOfMemoryError: (?:Metaspace|Compressed class space)")
    yield Case("native", BUILD + "java -Xms6000m -Xmx6000m -XX:+AlwaysPreTouch -cp out acme.map.Tiles 10", HUNGRY, limits=Limits(address_space_mb=5000), proof=r"insufficient memory for the Java Runtime Environment|Could not reserve enough space|Cannot allocate memory|could not (?:allocate|reserve)")


@scenario("jvm/heap-of-compiler", label="out_of_memory", heals="raise_heap", needs=("mvn",))
def _compiler() -> Iterator[Case]:
    big = {f"src/main/java/acme/T{n}.java": f"package acme;\n\nclass T{n} {{\n" + "".join(f'    String m{i}(int a) {{ return "row {n} {i}" + a + (a * {i}L) + \'c\'; }}\n' for i in range(1500)) + "}\n" for n in range(14)}
    wants = r"The system is out of resources|OutOfMemoryError"
    yield Case("maven-opts", "mvn -B compile", pom("tables") | big, env={"MAVEN_OPTS": "-Xmx36m"}, prepare=WARM, proof=wants)
    yield Case("tool-options", "javac -d out $(find src -name '*.java')", big, env={"JAVA_TOOL_OPTIONS": "-Xmx26m"}, proof=wants)
    yield Case("serial", "set -x\njavac -Xlint:all -d out $(find src -name '*.java')", big, env={"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC -Xmx20m"}, proof=wants)


@scenario("jvm/killed-for-memory", label="out_of_memory", needs=("mvn",), root=True)
def _killed() -> Iterator[Case]:
    touch = "-Xms700m -Xmx700m -XX:+AlwaysPreTouch"
    yield Case("program", BUILD + f"java {touch} -cp out acme.map.Tiles 10\necho loaded", HUNGRY, limits=Limits(memory_mb=350), proof=r"Killed")
    test = {"src/test/java/acme/map/TilesTest.java": junit5("acme.map", "TilesTest", "assertEquals(20, Tiles.load(20));")}
    yield Case("fork", "mvn -B test", pom("map", JUNIT5, plugins=forked(touch)) | HUNGRY | test, prepare=WARM, limits=Limits(memory_mb=520), proof=r"Process Exit Code: 137|Error occurred in starting fork|Killed")


@scenario("jvm/disk-full", label="disk_full", needs=("mvn",), root=True)
def _disk() -> Iterator[Case]:
    full = r"No space left on device"
    writer = java("acme", "Report", '    public static void main(String[] a) throws Exception {\n        try (var out = new java.io.FileOutputStream("report.pdf")) {\n            for (int page = 0; page < 60; page++) {\n                System.out.println("page " + page);\n                out.write(new byte[1 << 20]);\n            }\n        }\n    }')
    yield Case("program", BUILD + "java -cp out acme.Report", writer, limits=Limits(disk_mb=8), proof=full)
    test = {"src/test/java/acme/map/SpillTest.java": junit5("acme.map", "SpillTest", 'try { for (int i = 0; i < 30; i++) java.nio.file.Files.write(java.nio.file.Path.of("target/spill" + i), new byte[1 << 20]); } finally { for (int i = 0; i < 30; i++) java.nio.file.Files.deleteIfExists(java.nio.file.Path.of("target/spill" + i)); }')}
    yield Case("test", "mvn -B test", pom("map", JUNIT5) | HUNGRY | test | noisy_tests("acme.map", 6, 5, "Page"), prepare=WARM, limits=Limits(disk_mb=12), proof=full)
    many = {f"src/main/java/acme/T{n}.java": f"package acme;\n\nclass T{n} {{\n" + "".join(f'    String m{i}() {{ return "row {n} {i} {"x" * 60}"; }}\n' for i in range(400)) + "}\n" for n in range(30)}
    yield Case("javac", "javac -d out $(find src -name '*.java')", many, limits=Limits(disk_mb=2), proof=full)
    yield Case("jar", "mvn -B -DskipTests package", pom("tables") | many | {"src/main/resources/seed.txt": "".join(f"{n * 7919 % 104729}\n" for n in range(150000))}, prepare=WARM, limits=Limits(disk_mb=5), proof=full)
    yield Case("repository", "mkdir repo\nmvn -B -ntp -Dmaven.repo.local=$PWD/repo test", pom("map", JUNIT5) | HUNGRY, limits=Limits(disk_mb=6), proof=full)


@scenario("jvm/limits", label="resource_limit", needs=("mvn",))
def _limits() -> Iterator[Case]:
    opens = java("acme", "Shards", '    public static void main(String[] a) throws Exception {\n        var all = new java.util.ArrayList<Object>();\n        for (int i = 0; i < 900; i++) {\n            all.add(new java.io.FileInputStream("shards.idx"));\n        }\n        System.out.println(all.size());\n    }') | {"shards.idx": "x"}
    yield Case("files", BUILD + "ulimit -n 120\njava -XX:-MaxFDLimit -cp out acme.Shards", opens, proof=r"Too many open files")
    listen = {"src/test/java/acme/LobbyTest.java": junit5("acme", "LobbyTest", "var all = new java.util.ArrayList<Object>(); for (int i = 0; i < 900; i++) all.add(new java.net.ServerSocket(0)); assertEquals(900, all.size());")}
    yield Case("sockets", "mvn -B test-compile\nulimit -n 600\nmvn -B surefire:test", pom("lobby", JUNIT5, plugins=forked("-XX:-MaxFDLimit")) | CART | listen | noisy_tests("acme", 6, 4, "Player"), prepare=WARM, proof=r"SocketException: Too many open files|Too many open files")
    yield Case("file-size", BUILD + "trap '' XFSZ\nulimit -f 900\njava -XX:-UsePerfData -cp out acme.Trace", java("acme", "Trace", '    public static void main(String[] a) throws Exception {\n        try (var out = new java.io.FileOutputStream("trace.log")) {\n            for (int i = 0; i < 4000; i++) out.write(new byte[1024]);\n        }\n    }'), proof=r"IOException: File too large")


@scenario("jvm/left-behind", label="stale_state", needs=("mvn", "python3"))
def _stale() -> Iterator[Case]:
    left = "python3 -c 'import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); open(\"port\", \"w\").write(str(s.getsockname()[1])); time.sleep(90)' &\nwhile [ ! -s port ]; do sleep 0.1; done\nexport PORT=$(cat port)\n"
    serve = java("acme", "Server", '    public static void main(String[] a) throws Exception {\n        var address = new java.net.InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT")));\n        var server = com.sun.net.httpserver.HttpServer.create(address, 0);\n        server.start();\n    }')
    yield Case("port", left + BUILD + "java -cp out acme.Server", serve, proof=r"BindException: Address already in use")
    test = {"src/test/java/acme/ServerTest.java": junit5("acme", "ServerTest", "Server.main(new String[0]);")}
    yield Case("port-in-test", left + "mvn -B test", pom("server", JUNIT5) | serve | test | noisy_tests("acme", 5, 5, "Route"), prepare=WARM, proof=r"BindException: Address already in use")
    lock = java("acme", "Migrate", '    public static void main(String[] a) throws Exception {\n        java.nio.file.Files.createFile(java.nio.file.Path.of("db/changelog.lock"));\n    }')
    yield Case("lock-file", BUILD + "java -cp out acme.Migrate", lock, prepare="mkdir db\ntouch db/changelog.lock", proof=r"FileAlreadyExistsException: db/changelog\.lock")
