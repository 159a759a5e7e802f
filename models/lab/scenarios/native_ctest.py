"""CTest with GoogleTest, Catch2, Boost.Test and plain programs; sanitizers and Valgrind."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, in_steps, noisy

LISTS = "cmake_minimum_required(VERSION 3.16)\nproject(engine LANGUAGES C CXX)\nset(CMAKE_CXX_STANDARD 17)\nfind_package(Threads REQUIRED)\nenable_testing()\n"
BUILD = "cmake -B build -DCMAKE_BUILD_TYPE=Debug\ncmake --build build\n"


def _gtest(code: str, more: str = "") -> dict[str, str]:
    return {
        "CMakeLists.txt": LISTS + "find_package(GTest REQUIRED)\nadd_executable(engine_test engine_test.cpp)\ntarget_link_libraries(engine_test GTest::gtest_main Threads::Threads)\n"
        f"include(GoogleTest)\ngtest_discover_tests(engine_test {more})\n",
        "engine_test.cpp": "#include <gtest/gtest.h>\n#include <chrono>\n#include <condition_variable>\n#include <cstdio>\n#include <fstream>\n#include <mutex>\n#include <string>\n#include <thread>\n#include <vector>\nusing namespace std::chrono_literals;\n" + code,
    }


GOOD = "TEST(Board, StartsEmpty) { EXPECT_EQ(0, 0); }\nTEST(Network, Times_Out_After_503) { EXPECT_TRUE(true); }\nTEST(Allocator, ReportsOutOfMemory) { std::puts(\"pool: out of memory (expected)\"); }\n"
# The first run waits in vain, as a loaded machine makes it: what it waits for is there from the second on.
ONCE = GOOD + (
    "static bool seen() { std::ifstream f(\"/tmp/none\"); const char *d = std::getenv(\"STATE\"); std::string n = std::string(d ? d : \".\") + \"/warm\"; bool is = std::ifstream(n).good(); std::ofstream(n) << 1; return is; }\n"
    "TEST(Worker, DrainsItsQueue) {\n  std::mutex m; std::condition_variable c; bool done = false;\n  std::thread t([&] { std::this_thread::sleep_for(seen() ? 1ms : 900ms); std::lock_guard<std::mutex> l(m); done = true; c.notify_all(); });\n"
    "  std::unique_lock<std::mutex> l(m);\n  bool in_time = c.wait_for(l, 250ms, [&] { return done; });\n  l.unlock(); t.join();\n  ASSERT_TRUE(in_time) << \"timed out after 250 ms waiting for the worker thread to drain its queue\";\n}\n"
)


@scenario("ctest/asserts", label="test_failure", needs=("cmake", "ctest", "g++"))
@in_steps
def _asserts() -> Iterator[Case]:
    wrong = GOOD + "int score(int a, int b) { return a * 10 + b; }\nTEST(Score, Doubles) { EXPECT_EQ(score(2, 3), 32) << \"two rows and three\"; }\n"
    yield Case("gtest", BUILD + "ctest --test-dir build --output-on-failure", _gtest(wrong), proof=r"Failure$|Expected equality")
    yield Case("gtest-direct", "cmake -B build >/dev/null && cmake --build build >/dev/null\n./build/engine_test --gtest_color=yes", _gtest(wrong), proof=r"Failure$")
    retry = GOOD + "struct Reply { int status; std::string body; };\nReply get(int n) { return n < 3 ? Reply{503, \"Service Unavailable\"} : Reply{200, \"ok\"}; }\nTEST(Client, RetriesOn503UntilTimeout) { EXPECT_EQ(get(2).status, 200); EXPECT_EQ(get(2).body, \"ok\"); }\n"
    yield noisy(Case("status-of-a-stub", BUILD + "cd build && ctest -VV", _gtest(retry), proof=r"Failure$|Which is: 503"), "configure")
    crash = GOOD + "TEST(Mesh, Normals) { std::vector<int> *m = nullptr; std::ofstream(\"x\") << m->size(); EXPECT_TRUE(m); }\n"
    yield Case("segfault", BUILD + "ctest --test-dir build -j2", _gtest(crash), proof=r"SEGFAULT|Exception: ")
    plain = {"CMakeLists.txt": LISTS + "add_executable(tax tax.c)\nadd_test(NAME tax COMMAND tax)\nadd_test(NAME usage COMMAND tax --help)\nset_tests_properties(usage PROPERTIES PASS_REGULAR_EXPRESSION \"usage: tax AMOUNT\")\n", "tax.c": "#include <assert.h>\n#include <stdio.h>\nstatic int tax(int n) { return n * 19 / 100; }\nint main(int c, char **v) { (void)v; if (c > 1) { puts(\"use: tax AMOUNT\"); return 0; } assert(tax(100) == 20); return 0; }\n"}
    yield Case("plain-assert", BUILD + "ctest --test-dir build --output-on-failure --no-tests=error", plain, proof=r"Assertion .* failed|Required regular expression not found")
    yield Case("coverage", "cc --coverage -O0 -c pricing.c && cc --coverage pricing.o -o pricing && ./pricing && gcov pricing.c | tee cov.txt\npct=$(sed -n 's/Lines executed:\\([0-9]*\\).*/\\1/p' cov.txt | head -1)\n[ \"$pct\" -ge 80 ] || { echo \"coverage $pct% is below the required 80%\"; exit 2; }", {"pricing.c": "int a(int n)\n{\n    if (n > 2)\n        return 1;\n    if (n > 1)\n        return 2;\n    return 3;\n}\nint b(void)\n{\n    int x = 1;\n    x++;\n    x++;\n    return x;\n}\nint main(void)\n{\n    return a(9) - 1;\n}\n"}, proof=r"below the required")


@scenario("ctest/other-frameworks", label="test_failure", needs=("cmake", "g++"))
@in_steps
def _frameworks() -> Iterator[Case]:
    catch = "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\nTEST_CASE(\"timeouts are parsed\", \"[config]\") {\n  SECTION(\"seconds\") { REQUIRE(30 == 30); }\n  SECTION(\"no route to host is kept\") { CHECK(std::string(\"ENETUNREACH\") == \"EHOSTUNREACH\"); }\n}\nTEST_CASE(\"throws\") { throw std::runtime_error(\"unexpected token ']' at line 3\"); }\n"
    three = "#include <catch2/catch_all.hpp>\n" + catch.split("\n", 2)[2]
    either = "if ls /usr/include/catch2/catch.hpp >/dev/null 2>&1; then g++ -std=c++17 two.cpp -o t; else g++ -std=c++17 three.cpp -lCatch2Main -lCatch2 -o t; fi\n"
    yield Case("catch2", either + "./t", {"two.cpp": catch, "three.cpp": three}, proof=r"FAILED:|unexpected token", timeout_s=180)
    boost = "#define BOOST_TEST_MODULE ledger\n#include <boost/test/included/unit_test.hpp>\nBOOST_AUTO_TEST_SUITE(postings)\nBOOST_AUTO_TEST_CASE(balance) { BOOST_TEST(40 + 1 == 42); }\nBOOST_AUTO_TEST_CASE(connection_pool) { BOOST_REQUIRE(true); }\nBOOST_AUTO_TEST_SUITE_END()\n"
    yield Case("boost", "g++ -std=c++17 ledger_test.cpp -o ledger_test\n./ledger_test --log_level=all --report_level=short", {"ledger_test.cpp": boost}, proof=r"error: in \"postings/balance\"", timeout_s=180)
    yield Case("bats", "bats --tap tests", {"tests/cli.bats": "@test \"prints its version\" {\n  run echo 1.2\n  [ \"$output\" = \"1.3\" ]\n}\n@test \"survives a 503\" {\n  true\n}\n"}, proof=r"^not ok 1|failed$")


@scenario("ctest/nondeterministic", label="flaky_test", heals="rerun_failed_tests", needs=("cmake", "ctest", "g++"))
@in_steps
def _flaky() -> Iterator[Case]:
    env = {"STATE": "."}
    yield Case("wait-for-thread", BUILD + "ctest --test-dir build --output-on-failure", _gtest(ONCE), env=env, proof=r"timed out after 250 ms waiting")
    yield noisy(Case("wait-for-thread", BUILD + "ctest --test-dir build -V -j2", _gtest(ONCE), env=env, proof=r"timed out after 250 ms waiting"), "configure", "make", after=CLEANUP)
    sleeper = GOOD + "TEST(Replica, CatchesUp) { std::ifstream f(\"warm\"); bool warm = f.good(); std::ofstream(\"warm\") << 1; if (!warm) std::this_thread::sleep_for(30s); }\n"
    yield Case("test-time-limit", BUILD + "ctest --test-dir build --timeout 3", _gtest(sleeper), proof=r"\*\*\*Timeout")


@scenario("ctest/shows-it-is-random", label="flaky_test", needs=("cmake", "ctest", "g++"))
@in_steps
def _random() -> Iterator[Case]:
    env = {"STATE": "."}
    yield Case("own-rerun-shows-it", BUILD + "ctest --test-dir build --output-on-failure || { echo 'Rerunning the failed tests'; ctest --test-dir build --rerun-failed; exit 1; }", _gtest(ONCE), env=env, proof=r"timed out after 250 ms waiting|Passed .*DrainsItsQueue|DrainsItsQueue .*Passed")
    yield Case("random-order", BUILD + "./build/engine_test --gtest_shuffle --gtest_random_seed=71 --gtest_repeat=8 --gtest_brief=1", _gtest("static int shared = 0;\nTEST(A, Sets) { shared = 1; }\nTEST(B, NeedsZero) { EXPECT_EQ(shared, 0); }\nTEST(C, Clears) { shared = 0; }\n"), proof=r"Failure$|random seed of|Note: Randomizing")


@scenario("ctest/sanitizers", label="test_failure", needs=("gcc", "g++"))
@in_steps
def _sanitizers() -> Iterator[Case]:
    over = "#include <stdlib.h>\n#include <string.h>\nint main(void) { char *row = malloc(8); memset(row, 'x', 9); int r = row[1]; free(row); return r == 0; }\n"
    yield Case("address", "gcc -g -fsanitize=address row.c -o row_test\n./row_test", {"row.c": over}, proof=r"ERROR: AddressSanitizer: heap-buffer-overflow")
    yield Case("use-after-free", "gcc -g -O1 -fsanitize=address -fno-omit-frame-pointer list.c -o list_test && ./list_test", {"list.c": "#include <stdlib.h>\nint main(int c, char **v) { (void)v; int *n = malloc(40); n[c] = 3; free(n); return n[c]; }\n"}, proof=r"ERROR: AddressSanitizer: heap-use-after-free")
    yield Case("leak", "set -x\ng++ -g -fsanitize=leak tree.cpp -o t && ./t", {"tree.cpp": "struct Node { Node *left = nullptr; int v[9]; };\nstatic void grow() { Node *n = new Node; n->left = new Node; }\nint main() { grow(); grow(); return 0; }\n"}, proof=r"ERROR: LeakSanitizer")
    yield Case("undefined", "gcc -g -fsanitize=undefined -fno-sanitize-recover=all fixed.c -o fixed && ./fixed 40", {"fixed.c": "#include <stdio.h>\n#include <stdlib.h>\nint main(int c, char **v) { int shift = atoi(v[c - 1]); int n = 2147483647; printf(\"%d\\n\", (1 << shift) + n); return 0; }\n"}, proof=r"runtime error: ")
    race = "#include <pthread.h>\nstatic int hits;\nstatic void *work(void *p) { for (int i = 0; i < 1000; i++) hits++; return p; }\nint main(void) { pthread_t a, b; pthread_create(&a, 0, work, 0); pthread_create(&b, 0, work, 0); pthread_join(a, 0); pthread_join(b, 0); return 0; }\n"
    yield Case("thread", "gcc -g -fsanitize=thread -pthread hits.c -o hits && setarch -R ./hits", {"hits.c": race}, proof=r"WARNING: ThreadSanitizer: data race")
    yield Case("valgrind", "gcc -g parse.c -o parse_test\nvalgrind --error-exitcode=9 --leak-check=full ./parse_test", {"parse.c": "#include <stdlib.h>\nint main(void) { int *t = malloc(12); int s = 0; for (int i = 0; i < 4; i++) s += t[i]; return s == 77; }\n"}, proof=r"Invalid read of size|Conditional jump|definitely lost: [1-9]")


@scenario("ctest/killed", label="out_of_memory", heals="", needs=("cmake", "ctest", "g++"), root=True)
@in_steps
def _killed() -> Iterator[Case]:
    hog = GOOD + "TEST(Planner, LargeGrid) { std::vector<char *> rows; for (int i = 0; i < 4000; i++) { char *r = new char[1 << 20]; for (int k = 0; k < 1 << 20; k += 4096) r[k] = 1; rows.push_back(r); } EXPECT_EQ(rows.size(), 4000u); }\n"
    build = "g++ -std=c++17 engine_test.cpp -lgtest -lgtest_main -pthread -o engine_test"
    yield Case("cgroup", "./engine_test", _gtest(hog), prepare=build, limits=Limits(memory_mb=300), exit_code=137, label="unknown")
    yield Case("cgroup-script", "set +e\n./engine_test\ncode=$?\necho \"test program ended with exit code $code\"\nexit $code", _gtest(hog), prepare=build, limits=Limits(memory_mb=300), proof=r"Killed")
    yield Case("bad-alloc", "./engine_test --gtest_filter='Planner*'", _gtest(hog), prepare=build, limits=Limits(address_space_mb=400), proof=r"std::bad_alloc")
    plain = {"CMakeLists.txt": LISTS + "add_test(NAME planner COMMAND ${CMAKE_SOURCE_DIR}/engine_test)\n", **{k: v for k, v in _gtest(hog).items() if k != "CMakeLists.txt"}}
    yield Case("ctest-terminate", "cmake -B build >/dev/null\nctest --test-dir build -VV", plain, prepare=build, limits=Limits(address_space_mb=420), proof=r"bad_alloc")
    yield Case("c-malloc", "gcc -o sim sim.c && ./sim", {"sim.c": "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint main(void) { for (int i = 0;; i++) { void *p = malloc(50 << 20); if (!p) { perror(\"sim: cannot grow the cell table\"); return 1; } memset(p, 1, 4096); } }\n"}, limits=Limits(address_space_mb=900), proof=r"Cannot allocate memory")


@scenario("ctest/limits", label="resource_limit", heals="raise_limit", needs=("gcc", "g++"))
@in_steps
def _limits() -> Iterator[Case]:
    files = {"shards.c": "#include <errno.h>\n#include <fcntl.h>\n#include <stdio.h>\n#include <string.h>\nint main(void) { for (int i = 0; i < 300; i++) { if (open(\"/etc/passwd\", O_RDONLY) < 0) { fprintf(stderr, \"FAIL open_all_shards: shard %d: %s\\n\", i, strerror(errno)); return 1; } } puts(\"ok open_all_shards\"); return 0; }\n"}
    yield Case("open-files", "gcc -o shards_test shards.c && ./shards_test", files, limits=Limits(open_files=120, soft=True), proof=r"Too many open files")
    yield Case("file-size-script", "gcc -o w w.c\nset +e; ./w; code=$?\necho \"journal_test: exit code $code\"; exit $code", {"w.c": "#include <stdio.h>\nint main(void) { FILE *f = fopen(\"journal.bin\", \"wb\"); static char b[65536]; for (int i = 0; i < 200; i++) fwrite(b, 1, sizeof b, f); return fclose(f); }\n"}, limits=Limits(file_size_kb=4000, soft=True), proof=r"File size limit exceeded")


@scenario("ctest/deadlock", label="hang", heals="", needs=("gcc", "ctest", "timeout"))
@in_steps
def _deadlock() -> Iterator[Case]:
    lock = {"pool.c": "#include <pthread.h>\n#include <stdio.h>\nstatic pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\nint main(void) { setbuf(stdout, 0); puts(\"[ RUN ] pool.resize\"); pthread_mutex_lock(&m); puts(\"waiting for the pool lock\"); pthread_mutex_lock(&m); return 0; }\n"}
    build = "gcc -pthread -o pool_test pool.c"
    yield Case("timeout-verbose", "timeout -v 4 ./pool_test", lock, prepare=build, proof=r"timeout: sending signal TERM", exit_code=124)
    watchdog = "./pool_test & pid=$!\nfor i in 1 2 3; do sleep 1; kill -0 $pid 2>/dev/null || break; done\nif kill -0 $pid 2>/dev/null; then\n  echo 'ERROR: no output for 3 seconds, the step is killed'\n  kill -ABRT $pid; wait $pid; exit 1\nfi"
    yield Case("watchdog", watchdog, lock, prepare=build, proof=r"no output for 3 seconds")
    suite = {**lock, "CMakeLists.txt": LISTS + "add_test(NAME codec COMMAND echo ok)\nadd_test(NAME pool COMMAND ${CMAKE_SOURCE_DIR}/pool_test)\n"}
    yield noisy(Case("whole-suite", "cmake -B build >/dev/null\ntimeout 5 ctest --test-dir build -V || { c=$?; [ $c = 124 ] && echo 'test step exceeded its limit of 5 s and was terminated'; exit $c; }", suite, prepare=build, proof=r"exceeded its limit"), "make")
    yield Case("stop-time", "cmake -B build >/dev/null\nctest --test-dir build --stop-time $(date -d '+4 seconds' +%T) --output-on-failure --timeout 600", suite, prepare=build, proof=r"[Tt]he stop time has been passed|\*\*\*Timeout|stop time")


@scenario("ctest/cannot-run", label="configuration_error", needs=("cmake", "ctest"))
@in_steps
def _cannot() -> Iterator[Case]:
    yield Case("not-built", "cmake -B build >/dev/null\nctest --test-dir build", {"CMakeLists.txt": LISTS + "add_test(NAME smoke COMMAND bin/smoke_test --fast)\n"}, proof=r"Could not find executable|Unable to find executable|Not Run")
    yield Case("no-tests", "cmake -B build >/dev/null\nctest --test-dir build --no-tests=error -L nightly", {"CMakeLists.txt": LISTS}, proof=r"No tests were found")
    yield Case("filter", "g++ engine_test.cpp -lgtest -lgtest_main -o t && LD_LIBRARY_PATH= ./t --gtest_flagfile=ci.flags", _gtest(GOOD), proof=r"ci\.flags|Unable to open file")
    yield Case("missing-library", "LD_LIBRARY_PATH= ./viewer_test", {"s.c": "int s(void){return 0;}\n", "m.c": "int s(void);\nint main(void){return s();}\n"}, prepare="gcc -shared -fPIC -o libscene3.so s.c && gcc m.c -L. -lscene3 -o viewer_test && rm libscene3.so", proof=r"error while loading shared libraries")


@scenario("ctest/passes", label=PASSED, needs=("cmake", "ctest", "g++"))
def _passes() -> Iterator[Case]:
    noisy_tests = GOOD + "TEST(Log, PrintsErrors) { std::fprintf(stderr, \"ERROR connection reset by peer (injected)\\nretry 1 of 3 failed: timeout\\n\"); }\n"
    yield noisy(Case("gtest-verbose", BUILD + "ctest --test-dir build -VV", _gtest(noisy_tests)), "configure", after=CLEANUP)
    yield Case("retry-passes", BUILD + "ctest --test-dir build --repeat until-pass:3 -V", _gtest(GOOD + "TEST(Cache, WarmsUp) { std::ifstream f(\"w\"); bool ok = f.good(); std::ofstream(\"w\") << 1; ASSERT_TRUE(ok) << \"cache was cold: timed out\"; }\n"))
