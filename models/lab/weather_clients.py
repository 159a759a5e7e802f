"""Each package client pointed at the lab's registry: environment, files and preparation, so that commands read as in a CI file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from models.lab.scenario import Case, Weather
from models.lab.weather_stock import CACHE


@dataclass(frozen=True)
class Client:
    """A client in a project of its own; `script` is what its users type."""

    name: str
    script: str
    path: str
    """Requests that weather should strike where it is meant for files rather than for pages."""
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    needs: tuple[str, ...] = ()

    def case(self, name: str, weather: Weather | None, script: str = "", *, files: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None,
             prepare: str = "", **more: object) -> Case:  # fmt: skip
        """A case of this client: its own files and environment with what differs."""
        plain = Case(
            name=name,
            script=script or self.script,
            files={**self.files, **(files or {})},
            env={**self.env, **(env or {})},
            prepare="\n".join(part for part in (self.prepare, prepare) if part),
            weather=weather,
        )
        return replace(plain, **more)  # type: ignore[arg-type]


def tools(*folders: str) -> str:
    """A PATH on which these folders of the cache come first; `.tools` is the workspace's own."""
    return os.pathsep.join([*(folder if folder.startswith(".") else f"{CACHE}/{folder}" for folder in folders), os.environ["PATH"]])


def once(folder: str, steps: str) -> str:
    """Shell that makes a folder of the cache once; what it holds knows its own path, so it is made in place."""
    return (
        f'(flock 9; [ -e "$LAB_CACHE/{folder}/ready" ] || {{ rm -rf "$LAB_CACHE/{folder}"; mkdir -p "$LAB_CACHE/{folder}" && '
        f'cd "$LAB_CACHE/{folder}" && {steps} && touch "$LAB_CACHE/{folder}/ready"; }}) 9>"$LAB_CACHE/{folder}.lock"'
    )


def venv(pip: str = "pip", python: str = "python3", folder: str = "") -> str:
    """A virtual environment `.venv` with this pip (a requirement), from a copy in the cache; `pip` and `python` come from it."""
    name = folder or "net-venv-" + "".join(letter for letter in pip if letter.isalnum() or letter == ".")
    made = once(name, f"{python} -m venv env && PIP_INDEX_URL= env/bin/python -m pip install -q --upgrade '{pip}' setuptools wheel")
    return made + (
        f'\nrm -rf .venv; cp -a "$LAB_CACHE/{name}/env" .venv\nmkdir -p .tools\n'
        'printf \'#!/bin/sh\\nexec "%s/.venv/bin/python" -m pip "$@"\\n\' "$PWD" > .tools/pip; '
        'printf \'#!/bin/sh\\nexec "%s/.venv/bin/python" "$@"\\n\' "$PWD" > .tools/python\nchmod +x .tools/*'
    )


TOOLS_PY = once("net-py", "python3 -m venv env && env/bin/pip install -q uv poetry pdm pipenv pip-tools httpx requests aiohttp tenacity httpie 'urllib3<3'")
TOOLS_JS = once(
    "net-js",
    "npm init -y >/dev/null && npm i --silent --no-audit --no-fund yarn@1 pnpm@9 && mkdir berry && cd berry && npm init -y >/dev/null && "
    "npm i --silent --no-audit --no-fund @yarnpkg/cli-dist axios got@11 node-fetch@2 undici@6 bun && cd ..",
)

PIP = Client(
    "pip",
    "pip install --no-cache-dir -r requirements.txt",
    r"\.whl|\.tar\.gz",
    files={"requirements.txt": "tabulate\nrich\nattrs\n", "report.py": "from tabulate import tabulate\n\nprint(tabulate([['net', 12.5]]))\n"},
    env={"PIP_INDEX_URL": "{LAB_HTTPS}/pypi/simple", "PIP_RETRIES": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_DEFAULT_TIMEOUT": "4", "PATH": tools(".tools")},
    prepare=venv("pip==24.3.1"),
    needs=("python3",),
)
UV = Client(
    "uv",
    "uv sync",
    r"\.whl",
    files={
        "pyproject.toml": '[project]\nname = "tide-tables"\nversion = "0.3.0"\nrequires-python = ">=3.10"\ndependencies = ["rich", "attrs"]\n',
        "tides.py": "import attrs\n",
    },
    env={"UV_DEFAULT_INDEX": "{LAB_HTTPS}/pypi/simple", "UV_HTTP_TIMEOUT": "3", "UV_HTTP_RETRIES": "1", "PATH": tools("net-py/env/bin"), "UV_PYTHON_DOWNLOADS": "never"},
    prepare=TOOLS_PY,
    needs=("python3",),
)
POETRY = Client(
    "poetry",
    "poetry install --no-interaction --no-root",
    r"\.whl",
    files={
        "pyproject.toml": '[tool.poetry]\nname = "ledger"\nversion = "1.0.0"\ndescription = ""\nauthors = []\npackage-mode = false\n'
        '[tool.poetry.dependencies]\npython = ">=3.11,<4.0"\ntabulate = "*"\nattrs = "*"\n'
        '[[tool.poetry.source]]\nname = "mirror"\nurl = "https://registry.example/pypi/simple"\npriority = "primary"\n'
    },
    env={"PATH": tools("net-py/env/bin"), "POETRY_REQUESTS_TIMEOUT": "4", "POETRY_VIRTUALENVS_IN_PROJECT": "true"},
    prepare=TOOLS_PY,
    needs=("python3",),
)
NPM = Client(
    "npm",
    "npm install --no-audit --no-fund",
    r"\.tgz",
    files={"package.json": '{"name": "seat-planner", "version": "2.1.0", "dependencies": {"dayjs": "^1", "chalk": "^4", "minimist": "^1"}}\n'},
    env={
        "npm_config_registry": "{LAB_HTTPS}/npm/",
        "npm_config_cafile": "{LAB_CA}",
        "npm_config_fetch_retries": "1",
        "npm_config_fetch_retry_mintimeout": "300",
        "npm_config_fetch_retry_maxtimeout": "600",
        "npm_config_fetch_timeout": "4000",
        "npm_config_update_notifier": "false",
    },
)
YARN = Client(
    "yarn",
    "yarn install --no-progress",
    r"\.tgz",
    files={"package.json": '{"name": "board-game", "version": "0.1.0", "private": true, "dependencies": {"lodash": "^4", "ms": "^2", "chalk": "^4"}}\n'},
    env={"YARN_REGISTRY": "{LAB_HTTPS}/npm", "npm_config_cafile": "{LAB_CA}", "PATH": tools("net-js/node_modules/.bin"), "YARN_NETWORK_TIMEOUT": "4000"},
    prepare=TOOLS_JS + '\nprintf "registry \\"%s/npm\\"\\nnetwork-timeout 4000\\n" "$LAB_HTTPS" > .yarnrc',
    needs=("npm",),
)
BERRY = Client(
    "yarn-berry",
    "yarn install",
    r"\.tgz",
    files={"package.json": '{"name": "@acme/board-game", "private": true, "dependencies": {"lodash": "^4", "ms": "^2", "chalk": "^4"}}\n', "yarn.lock": ""},
    env={
        "YARN_NPM_REGISTRY_SERVER": "{LAB_HTTPS}/npm",
        "YARN_HTTP_RETRY": "1",
        "YARN_HTTP_TIMEOUT": "4000",
        "YARN_HTTPS_CA_FILE_PATH": "{LAB_CA}",
        "YARN_ENABLE_TELEMETRY": "0",
        "YARN_ENABLE_IMMUTABLE_INSTALLS": "false",
        "YARN_NPM_MINIMAL_AGE_GATE": "0",
        "YARN_NODE_LINKER": "node-modules",
        "PATH": tools("net-js/berry/node_modules/.bin"),
    },
    prepare=TOOLS_JS,
    needs=("npm",),
)
PNPM = Client(
    "pnpm",
    "pnpm install --no-frozen-lockfile",
    r"\.tgz",
    files={"package.json": '{"name": "weather-widget", "version": "1.0.0", "dependencies": {"dayjs": "^1", "chalk": "^4", "minimist": "^1"}}\n'},
    env={
        "npm_config_registry": "{LAB_HTTPS}/npm/",
        "npm_config_cafile": "{LAB_CA}",
        "npm_config_fetch_retries": "1",
        "npm_config_fetch_retry_mintimeout": "300",
        "npm_config_fetch_retry_maxtimeout": "600",
        "npm_config_fetch_timeout": "4000",
        "PATH": tools("net-js/node_modules/.bin"),
    },
    prepare=TOOLS_JS,
    needs=("npm",),
)
_POM = """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.acme</groupId><artifactId>parcel-rates</artifactId><version>1.3.0-SNAPSHOT</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency><groupId>org.apache.commons</groupId><artifactId>commons-lang3</artifactId><version>3.14.0</version></dependency>
    <dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId><version>2.11.0</version></dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version><scope>test</scope></dependency>
  </dependencies>
</project>
"""
MAVEN_SETTINGS = (  # the JVM takes its home from the password file, not from HOME
    'mkdir -p "$HOME/.m2" .mvn\necho "-Duser.home=$HOME" > .mvn/jvm.config\ncat > "$HOME/.m2/settings.xml" <<X\n<settings><mirrors><mirror>'
    "<id>acme-mirror</id><mirrorOf>*</mirrorOf><url>$LAB_HTTPS/maven</url></mirror></mirrors></settings>\nX\n"
)
MAVEN_WARM = 'cp -r "$LAB_CACHE/weather-store/maven" "$HOME/.m2/repository"\nrm -rf "$HOME/.m2/repository/org/apache/commons/commons-lang3"'
"""All is there but one dependency: what Maven itself needs takes half a minute to fetch."""
MAVEN = Client(
    "mvn",
    "mvn -B -ntp package",
    r"commons-lang3",
    files={
        "pom.xml": _POM,
        "src/main/java/com/acme/Rates.java": "package com.acme;\n\npublic class Rates {\n    public static int cents(int grams) {\n        return 120 + grams / 10;\n    }\n}\n",
        "src/test/java/com/acme/RatesTest.java": "package com.acme;\n\nimport static org.junit.Assert.assertEquals;\nimport org.junit.Test;\n\n"
        "public class RatesTest {\n    @Test\n    public void lightParcel() {\n        assertEquals(125, Rates.cents(50));\n    }\n}\n",
    },
    env={
        "MAVEN_OPTS": "-Djavax.net.ssl.trustStore={LAB_TRUST} -Djavax.net.ssl.trustStorePassword=changeit -Dmaven.wagon.http.retryHandler.count=1 "
        "-Dmaven.wagon.rto=4000 -Daether.connector.requestTimeout=4000 -Daether.connector.connectTimeout=4000 -XX:TieredStopAtLevel=1"
    },
    prepare=MAVEN_SETTINGS + MAVEN_WARM,
)
GRADLE = Client(
    "gradle",
    "gradle --no-daemon build",
    r"commons-lang3",
    files={
        "settings.gradle": "rootProject.name = 'parcel-rates'\n",
        "build.gradle": "apply plugin: 'java'\nrepositories {\n  maven { url \"${System.env.LAB_HTTPS}/maven\" }\n}\n"
        "dependencies {\n  compile 'org.apache.commons:commons-lang3:3.14.0'\n}\n",
        "src/main/java/com/acme/Rates.java": MAVEN.files["src/main/java/com/acme/Rates.java"],
    },
    env={
        "GRADLE_USER_HOME": "../home/.gradle",  # the JVM takes its home from the password file, not from HOME
        "GRADLE_OPTS": "-Djavax.net.ssl.trustStore={LAB_TRUST} -Djavax.net.ssl.trustStorePassword=changeit "
        "-Dorg.gradle.internal.http.connectionTimeout=4000 -Dorg.gradle.internal.http.socketTimeout=4000",
    },
)
CARGO = Client(
    "cargo",
    "cargo build",
    r"\.crate|/download",
    files={
        "Cargo.toml": '[package]\nname = "tide"\nversion = "0.2.0"\nedition = "2021"\n\n[dependencies]\nitoa = "1"\nfastrand = "2"\n',
        "src/main.rs": 'fn main() {\n    let mut buffer = itoa::Buffer::new();\n    println!("{}", buffer.format(42));\n}\n',
    },
    env={"CARGO_NET_RETRY": "1", "CARGO_HTTP_TIMEOUT": "4"},
    prepare='mkdir -p "$CARGO_HOME"\nprintf \'[source.crates-io]\\nreplace-with = "acme"\\n[source.acme]\\nregistry = "sparse+%s/crates/"\\n\' "$LAB_HTTPS" > "$CARGO_HOME/config.toml"',
)
GO = Client(
    "go",
    "go build ./...",
    r"\.zip$",
    files={
        "go.mod": "module acme.example/ticket\n\ngo 1.21\n\nrequire (\n\tgithub.com/google/uuid v1.6.0\n\tgithub.com/pkg/errors v0.9.1\n)\n",
        "main.go": 'package main\n\nimport (\n\t"fmt"\n\n\t"github.com/google/uuid"\n\t"github.com/pkg/errors"\n)\n\nfunc main() {\n\tfmt.Println(uuid.New(), errors.New("x"))\n}\n',
    },
    env={"GOPROXY": "{LAB_HTTPS}/go", "GOSUMDB": "off", "GOFLAGS": "-modcacherw -mod=mod", "GONOSUMDB": "*", "GOTOOLCHAIN": "local", "GOCACHE": f"{CACHE}/net-go-build"},
    prepare=once("net-go-build", 'GOCACHE="$PWD" GOFLAGS= go build fmt net/http encoding/json'),
)
GIT = Client("git", "git clone $LAB_HTTPS/git/team/parser-core.git", r"git-upload-pack$", needs=("git",))
CURL = Client("curl", "curl -fsSL --retry 1 --connect-timeout 3 --max-time 8 -o toolchain.tar.gz $LAB_HTTPS/files/releases/toolchain-1.4.2-linux-x64.tar.gz", "releases")
WGET = Client("wget", "wget --tries=2 --timeout=3 --waitretry=1 $LAB_HTTPS/files/releases/toolchain-1.4.2-linux-x64.tar.gz", "releases",
              prepare='echo "ca_certificate=$SSL_CERT_FILE" > "$HOME/.wgetrc"')  # fmt: skip
APT = Client(
    "apt-get",
    "apt-get update\napt-get install -y ledger-tools",
    r"\.deb",
    prepare='mkdir -p apt/etc apt/empty apt/state/lists/partial apt/cache/archives/partial apt/log && : > apt/state/status && cp "$LAB_CACHE/weather-store/apt/archive-key.gpg" apt/etc/\n'
    'echo "deb [arch=amd64 signed-by=$PWD/apt/etc/archive-key.gpg] $LAB_URL/apt stable main" > apt/etc/sources.list\n'
    'cat > apt/apt.conf <<X\nDir::Etc::sourcelist "$PWD/apt/etc/sources.list";\nDir::Etc::sourceparts "$PWD/apt/empty";\nDir::Etc::parts "$PWD/apt/empty";\nDir::State "$PWD/apt/state";\nDir::State::status "$PWD/apt/state/status";\n'
    'Dir::Cache "$PWD/apt/cache";\nDir::Log "$PWD/apt/log";\nDebug::NoLocking "true";\nAPT::Get::Download-Only "true";\nAPT::Sandbox::User "root";\nAcquire::http::Timeout "4";\nAcquire::Retries "1";\n'
    'Acquire::Languages "none";\nAPT::Architecture "amd64";\nX\n',
    env={"APT_CONFIG": "apt/apt.conf", "DEBIAN_FRONTEND": "noninteractive"},
    needs=("apt-get", "apt-ftparchive"),
)
GEM = Client("gem", "gem install --clear-sources --source $LAB_HTTPS/gems/ -i vendor --no-document ledger_format", r"\.gem$", needs=("gem",))
COMPOSER = Client(
    "composer",
    "composer install --no-interaction --no-progress",
    r"\.zip$",
    files={
        "composer.json": '{"name": "acme/shop", "require": {"acme/money": "^2.0"}, "repositories": [{"type": "composer", "url": "https://registry.example/composer"}, {"packagist": false}]}\n'
    },
    env={"COMPOSER_ALLOW_SUPERUSER": "1", "COMPOSER_CAFILE": "{LAB_CA}"},
    needs=("composer",),
)
ARIA = Client("aria2c", "aria2c -m 2 --retry-wait=1 --timeout=4 --connect-timeout=3 $LAB_HTTPS/files/releases/weights-v3.tar.gz", "releases",
              prepare='mkdir -p "$HOME/.aria2" && echo "ca-certificate=$SSL_CERT_FILE" > "$HOME/.aria2/aria2.conf"')  # fmt: skip

CLIENTS = {
    client.name: client
    for client in (PIP, UV, POETRY, NPM, YARN, BERRY, PNPM, MAVEN, GRADLE, CARGO, GO, GIT, CURL, WGET, APT, GEM, COMPOSER, ARIA)
}
