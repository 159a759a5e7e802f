"""CMake: what a configuration needs and does not find, finds damaged, or finds left from before."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, SERVER, in_steps, noisy, port, serve

HEAD = "cmake_minimum_required(VERSION 3.16)\nproject(robot VERSION 2.1 LANGUAGES CXX)\n"
MAIN = "int main() { return 0; }\n"


def _lists(text: str, **more: str) -> dict[str, str]:
    return {"CMakeLists.txt": HEAD + text, "main.cpp": MAIN, **more}


@scenario("cmake/configuration", label="configuration_error", needs=("cmake", "ninja"))
@in_steps
def _configuration() -> Iterator[Case]:
    yield Case("find-package", "cmake -S . -B build", _lists("find_package(Kinematics 4.2 REQUIRED)\n"), proof=r"Could not find a package configuration file|Could NOT find Kinematics|By not providing \"FindKinematics")
    yield Case("find-module", "cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release", _lists("find_package(Boost 1.70 REQUIRED COMPONENTS mpi_python)\nfind_package(HDF5 REQUIRED)\n"), proof=r"Could NOT find (?:Boost|HDF5)|Could not find a package configuration file provided by .boost")
    yield Case("pkg-config", "mkdir -p build && cd build && cmake ..", _lists("find_package(PkgConfig REQUIRED)\npkg_check_modules(CAN REQUIRED canbus-ng>=1.2)\n"), proof=r"No package 'canbus-ng' found|[Aa] required package was not found")
    yield Case("own-version", "cmake -B build", {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.31)\nproject(robot)\n"}, proof=r"CMake 3.31 or higher is required")
    yield Case("generator", "cmake -G 'Visual Studio 17 2022' -B build", _lists(""), proof=r"Could not create named generator")
    yield Case("no-ninja", "PATH=$PWD/only cmake -G Ninja -B build", _lists(""), prepare="mkdir only; for t in cmake cc c++ g++ ld as ar; do ln -s $(which $t) only/; done", proof=r"unable to find a build program")
    yield Case("source", "cmake -S . -B build -Wno-dev", _lists("add_executable(arm main.cpp joints.cpp gripper.cpp)\n"), proof=r"Cannot find source file")
    yield Case("command", "cmake .", _lists("add_robot_module(arm SOURCES main.cpp)\n"), proof=r"Unknown CMake command")
    yield Case("syntax", "cmake --warn-uninitialized -B build", _lists("if(BUILD_TESTING)\n  add_executable(arm main.cpp)\n"), proof=r"Flow control statements are not properly nested|Parse error")
    yield Case("preset", "cmake --preset ci-linux", _lists("", **{"CMakePresets.json": '{"version": 3, "configurePresets": [{"name": "dev", "generator": "Ninja", "binaryDir": "build"}]}\n'}), proof=r"No such preset")
    yield Case("toolchain-file", "cmake -B build -DCMAKE_TOOLCHAIN_FILE=cmake/arm-none-eabi.cmake", _lists(""), proof=r"Could not find toolchain file|could not find")
    yield noisy(Case("fatal-message", "cmake -B build -DWITH_GPU=ON", _lists('if(WITH_GPU)\n  message(FATAL_ERROR "WITH_GPU needs CUDA_HOME to be set")\nendif()\n'), proof=r"WITH_GPU needs CUDA_HOME|CMake Error at CMakeLists.txt"), "make", "configure", after=CLEANUP)


@scenario("cmake/compiler-does-not-work", label="configuration_error", needs=("cmake",))
@in_steps
def _compiler() -> Iterator[Case]:
    yield Case("missing", "CXX=clang++-21 cmake -B build", _lists(""), proof=r"Could not find compiler set in environment variable CXX")
    yield Case("flags", "cmake -B build -DCMAKE_CXX_FLAGS='-fuse-ld=moldy'", _lists(""), proof=r"unrecognized command-line option|is not able to compile a simple test program")


@scenario("cmake/no-space", label="disk_full", heals="", needs=("cmake",), root=True)
@in_steps
def _space() -> Iterator[Case]:
    # CMake does not pass on that its test project could not be written.
    yield Case("try-compile", "cmake -B build", _lists("add_executable(arm main.cpp)\n"), prepare="head -c 930000 /dev/zero > assets.pak", limits=Limits(disk_mb=1), label="unknown")
    blob = _lists("add_executable(arm main.cpp ballast.cpp)\n", **{"ballast.cpp": "#include <array>\nextern const std::array<int, 900000> ballast{1};\n"})
    yield Case("build", "cmake -B build >/dev/null && cmake --build build", blob, limits=Limits(disk_mb=4), proof=r"No space left on device")


@scenario("cmake/stale-tree", label="stale_state", heals="reset_state", needs=("cmake", "ninja"))
@in_steps
def _stale() -> Iterator[Case]:
    files = _lists("add_executable(arm main.cpp)\n")
    moved = "mkdir ../old && cp -r . ../old/ && cmake -S ../old -B ../old/build >/dev/null && mv ../old/build build\n"
    yield Case("other-folder", "cmake -B build && cmake --build build", files, prepare=moved, proof=r"is different than the directory|does not match the source")
    yield Case("other-generator", "set -x\ncmake -S . -B build -G Ninja\nninja -C build", files, prepare="cmake -B build", proof=r"Does not match the generator used previously")
    yield Case("in-source", "cmake -G Ninja .", files, prepare="cmake .", proof=r"Does not match the generator used previously")
    yield noisy(Case("cached", "echo 'Cache restored from key: cmake-build-linux'\nmkdir -p build; cd build; cmake ..", files, prepare=moved, proof=r"is different than the directory|does not match the source"), "environment", "unittest", after="echo 'Post job cleanup.'; ls -R build | head -80")


@scenario("cmake/content", label="dependency_not_found", needs=("cmake", "git", "python3"))
@in_steps
def _content() -> Iterator[Case]:
    fetch = "include(FetchContent)\nFetchContent_Declare(jsonc {})\nFetchContent_MakeAvailable(jsonc)\n"
    repository = "git init -q -b main ../jsonc && (cd ../jsonc && echo x > x && git add . && git -c user.name=a -c user.email=a@example.com commit -qm one && git tag v1.0)\n"
    yield Case("git-tag", "cmake -B build", _lists(fetch.format("GIT_REPOSITORY ${CMAKE_SOURCE_DIR}/../jsonc GIT_TAG v2.4.1")), prepare=repository, proof=r"pathspec 'v2.4.1'|Failed to checkout tag|reference is not a tree|did not match")
    made = "mkdir -p ../www ../jsonc-1.0 && echo 'project(jsonc)' > ../jsonc-1.0/CMakeLists.txt && tar -C .. -czf ../www/jsonc-1.0.tar.gz jsonc-1.0\n"

    def url(name: str, proof: str, *, moods: str = "", more: str = "", file: str = "jsonc-1.0.tar.gz", label: str = "", script: str = "cmake -B build") -> Case:
        lists = fetch.format(f"URL http://localhost:{port(f'cmake-{name}')}/{file} {more}")
        # Nothing listens where the connection is to be refused.
        server = "" if moods == "none" else serve(f"cmake-{name}", moods)
        return Case(name, script, _lists(lists) | {"../server.py": SERVER}, prepare=made + server, proof=proof, label=label)

    yield url("url-404", r"404", file="jsonc-1.9.tar.gz", script="cmake -B build -G Ninja")
    yield url("url-503", r"503", moods="503*60", label="service_unavailable")
    yield url("url-refused", r"[Cc]ouldn't connect|Connection refused|Failed to connect", moods="none", label="connection_failure")
    yield url("url-hash", r"HASH mismatch|hash mismatch|does not match expected", more="URL_HASH SHA256=" + "4f" * 32, label="corrupt_artifact")
    yield url("url-short", r"[Tt]runcated|unexpected end|Problem with archive|extract of", moods="short*20", label="corrupt_artifact")
    yield url("url-stalls", r"[Tt]imeout was reached|Operation too slow|timed out", moods="stall*9", more="TIMEOUT 2", label="network_timeout")
    yield Case("file-download", "cmake -P fetch.cmake", {"fetch.cmake": "file(DOWNLOAD http://assets.robot.invalid/arm.urdf ${CMAKE_BINARY_DIR}/arm.urdf STATUS s)\nlist(GET s 0 code)\nif(code)\n  message(FATAL_ERROR \"download of arm.urdf failed: ${s}\")\nendif()\n"}, proof=r"[Cc]ould(?:n't| not) resolve host", label="dns_failure")


@scenario("cmake/code", label="compile_error", needs=("cmake", "ninja"))
@in_steps
def _code() -> Iterator[Case]:
    wrong = {"joints.cpp": "#include <vector>\nstd::vector<double> angles();\nint main2() { return angles().total(); }\n"}
    yield Case("make", "cmake -B build && cmake --build build", _lists("add_executable(arm main.cpp joints.cpp)\n", **wrong), proof=r"joints\.cpp:3.*error")
    yield Case("ninja-keep-going", "cmake -G Ninja -B build >/dev/null\ncmake --build build -- -k 0", _lists("add_executable(arm main.cpp joints.cpp)\nadd_library(imu imu.cpp)\n", **wrong, **{"imu.cpp": "int imu() { retrun 3; }\n"}), proof=r"\.cpp:\d.*error")
    yield noisy(Case("link-verbose", "cmake -B build -DCMAKE_VERBOSE_MAKEFILE=ON\ncmake --build build -j2", _lists("add_executable(arm main.cpp)\n", **{"main.cpp": "int torque(int);\nint main() { return torque(1); }\n"}), proof=r"undefined reference"), "configure", "make", after=CLEANUP)
    yield Case("cxx-standard", "cmake -B build && cmake --build build --parallel 2", _lists("set(CMAKE_CXX_STANDARD 11)\nset(CMAKE_CXX_EXTENSIONS OFF)\nadd_executable(arm main.cpp)\n", **{"main.cpp": "#include <string_view>\nint main() { std::string_view v = \"out of memory\"; return v.size(); }\n"}), proof=r"main\.cpp:2.*error")


@scenario("cmake/passes", label=PASSED, needs=("cmake", "ninja", "ctest"))
def _passes() -> Iterator[Case]:
    files = _lists('message(WARNING "CUDA not found, GPU error checks are disabled")\nfind_package(Kinematics QUIET)\nfind_package(LibXslt)\nenable_testing()\nadd_executable(arm main.cpp)\nadd_test(NAME network_timeout COMMAND arm)\nadd_test(NAME crash_handler COMMAND arm)\n')
    yield Case("warnings", "cmake -B build && cmake --build build -v && ctest --test-dir build -V", files)
    yield noisy(Case("ninja", "cmake -G Ninja -B build && ninja -C build -v && cd build && ctest -VV", files), "configure", "unpack", after=CLEANUP)
