"""Small Maven, Ant and Gradle projects that scenarios break, and much honest output to hide a failure in."""

from __future__ import annotations

from collections.abc import Mapping

# A JVM takes the home folder from the password file; Maven reads this file of $HOME before it starts one.
HOME = "echo 'MAVEN_OPTS=\"$MAVEN_OPTS -Duser.home=$HOME\"' > \"$HOME/.mavenrc\"\nmkdir -p \"$HOME/.m2\"\n"
"""A local repository of one's own, empty."""

WARM = HOME + 'mkdir -p "$LAB_CACHE/m2"\nln -sfn "$LAB_CACHE/m2" "$HOME/.m2/repository"\n'
"""Shares the local repository: plugins are downloaded once for all cases."""

JUNIT4 = "junit:junit:4.13.2:test"
JUNIT5 = "org.junit.jupiter:junit-jupiter:5.11.4:test"
TESTNG = "org.testng:testng:7.10.2:test"


def dependencies(*coordinates: str) -> str:
    """`group:artifact:version[:scope]` as XML."""
    found = []
    for one in coordinates:
        group, artifact, version, *scope = one.split(":")
        found.append(
            f"    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            + (f"<version>{version}</version>" if version else "")
            + (f"<scope>{scope[0]}</scope>" if scope else "")
            + "</dependency>\n"
        )
    return "".join(found)


def plugin(coordinates: str, body: str = "") -> str:
    """`group:artifact:version` as XML; without a group one of Maven's own."""
    group, artifact, version = coordinates.split(":")
    return f"      <plugin><groupId>{group or 'org.apache.maven.plugins'}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>{body}</plugin>\n"


def execution(goal: str, phase: str = "", configuration: str = "") -> str:
    """One execution of a plugin's goal."""
    where = f"<phase>{phase}</phase>" if phase else ""
    return f"<executions><execution><id>{goal}-it</id>{where}<goals><goal>{goal}</goal></goals></execution></executions>" + (
        f"<configuration>{configuration}</configuration>" if configuration else ""
    )


COMPILER = plugin(":maven-compiler-plugin:3.13.0")
SUREFIRE3 = plugin(":maven-surefire-plugin:3.5.2")
SUREFIRE2 = plugin(":maven-surefire-plugin:2.22.2")
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0">\n  <modelVersion>4.0.0</modelVersion>\n'


def pom(
    artifact: str, *coordinates: str, plugins: str = SUREFIRE3, properties: str = "", more: str = "", java: str = "17", group: str = "example.acme"
) -> dict[str, str]:
    """A project of one module."""
    text = (
        f"{HEAD}  <groupId>{group}</groupId>\n  <artifactId>{artifact}</artifactId>\n  <version>1.0-SNAPSHOT</version>\n"
        f"  <properties>\n    <maven.compiler.release>{java}</maven.compiler.release>\n"
        f"    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>\n{properties}  </properties>\n"
        f"  <dependencies>\n{dependencies(*coordinates)}  </dependencies>\n"
        f"  <build>\n    <plugins>\n{COMPILER}{plugins}    </plugins>\n  </build>\n{more}</project>\n"
    )
    return {"pom.xml": text}


def modules(*names: str, more: str = "", plugins: str = SUREFIRE3) -> dict[str, str]:
    """A parent of modules, each with a class and, if it needs one before it, a dependency written `name<other`."""
    files = {}
    plain = [name.split("<")[0] for name in names]
    files["pom.xml"] = (
        f"{HEAD}  <groupId>example.acme</groupId>\n  <artifactId>suite</artifactId>\n  <version>2.1.0</version>\n  <packaging>pom</packaging>\n"
        "  <properties><maven.compiler.release>17</maven.compiler.release><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>\n"
        f"  <modules>{''.join(f'<module>{name}</module>' for name in plain)}</modules>\n"
        f"  <dependencies>\n{dependencies(JUNIT5)}  </dependencies>\n"
        f"  <build>\n    <plugins>\n{COMPILER}{plugins}    </plugins>\n  </build>\n{more}</project>\n"
    )
    for name in names:
        own, _, other = name.partition("<")
        files[f"{own}/pom.xml"] = (
            f"{HEAD}  <parent><groupId>example.acme</groupId><artifactId>suite</artifactId><version>2.1.0</version></parent>\n"
            f"  <artifactId>{own}</artifactId>\n"
            + (f"  <dependencies>\n{dependencies(f'example.acme:{other}:${{project.version}}')}  </dependencies>\n" if other else "")
            + "</project>\n"
        )
        files[f"{own}/src/main/java/acme/{own}/{own.capitalize()}.java"] = (
            f"package acme.{own};\n\npublic class {own.capitalize()} {{\n    public int size() {{\n        return {len(own)};\n    }}\n}}\n"
        )
        files[f"{own}/src/test/java/acme/{own}/{own.capitalize()}Test.java"] = junit5(
            f"acme.{own}", f"{own.capitalize()}Test", f"assertEquals({len(own)}, new {own.capitalize()}().size());"
        )
    return files


def junit5(package: str, name: str, body: str, more: str = "") -> str:
    """A JUnit 5 class with one test of this body."""
    return (
        f"package {package};\n\nimport static org.junit.jupiter.api.Assertions.*;\n\nimport org.junit.jupiter.api.Test;\n\n"
        f"class {name} {{\n    @Test\n    void {name[0].lower()}{name[1:]}Works() throws Exception {{\n        {body}\n    }}\n{more}}}\n"
    )


def junit4(package: str, name: str, body: str, more: str = "") -> str:
    """A JUnit 4 class with one test of this body."""
    return (
        f"package {package};\n\nimport static org.junit.Assert.*;\n\nimport org.junit.Test;\n\n"
        f"public class {name} {{\n    @Test\n    public void works() throws Exception {{\n        {body}\n    }}\n{more}}}\n"
    )


def noisy_tests(package: str, classes: int, tests: int, stem: str) -> Mapping[str, str]:
    """JUnit 5 classes that pass and print: log lines, warnings, retries that were survived."""
    files = {}
    for number in range(classes):
        name = f"{stem}{number:02}Test"
        body = "".join(
            f'    @Test\n    void case{case}() {{\n        System.out.println("WARN  retry {case} of 3 for order {number}{case}: no error, took {case * 7} ms");\n        assertEquals({case}, {case});\n    }}\n'
            for case in range(tests)
        )
        files[f"src/test/java/{package.replace('.', '/')}/{name}.java"] = (
            f"package {package};\n\nimport static org.junit.jupiter.api.Assertions.*;\n\nimport org.junit.jupiter.api.Test;\n\nclass {name} {{\n{body}}}\n"
        )
    return files


def java(package: str, name: str, body: str, imports: str = "") -> dict[str, str]:
    """A public class."""
    return {f"src/main/java/{package.replace('.', '/')}/{name}.java": f"package {package};\n\n{imports}public class {name} {{\n{body}\n}}\n"}


CART = java(
    "acme.cart",
    "Cart",
    """    private final List<Long> cents = new ArrayList<>();

    public void add(long price) {
        if (price < 0) {
            throw new IllegalArgumentException("negative price: " + price);
        }
        cents.add(price);
    }

    public long total() {
        return cents.stream().mapToLong(Long::longValue).sum();
    }

    public long discounted(int percent) {
        return total() - total() * percent / 100;
    }""",
    "import java.util.ArrayList;\nimport java.util.List;\n\n",
)
