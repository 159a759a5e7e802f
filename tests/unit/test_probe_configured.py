"""Which addresses each tool's own configuration names, from the files and variables that users write."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard.remedies.probing.configured import CONFIGURED, built_in, own_program
from guard.remedies.probing.configured.protocol import Named, Scene, scene
from guard.types import Surroundings
from tests.unit.by_hand import outcome


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What programs print when they are asked, by their name; nobody else answers and nothing is started."""
    answers: dict[str, str] = {}
    monkeypatch.setattr(built_in, "said", lambda name, words, scene, **more: answers.get(name, ""))
    monkeypatch.setattr(built_in, "by_python", lambda script, code, scene: answers.get(script, ""))
    monkeypatch.setattr(built_in, "program", lambda name, scene: Path(answers[f"{name} program"]) if f"{name} program" in answers else None)
    return answers


@pytest.fixture
def names(tmp_path: Path, said: dict[str, str]) -> Callable[..., Named]:
    """(tool, script, files of the project and of home (`~/…`), variables) → what is named."""

    def ask(tool: str, script: str, files: dict[str, str] | None = None, **env: str) -> Named:
        return CONFIGURED[tool].named(setting(tmp_path, script, files, **env))

    return ask


def setting(tmp_path: Path, script: str, files: dict[str, str] | None = None, **env: str) -> Scene:
    project, home = tmp_path / "project", tmp_path / "home"
    for folder in (project, home):
        folder.mkdir(exist_ok=True)
    for name, text in (files or {}).items():
        file = home / name[2:] if name.startswith("~/") else project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    variables = {"HOME": str(home), "PATH": "/nowhere", **{name: value.replace("~", str(home)) for name, value in env.items()}}
    return scene(outcome(script=script, cwd=project, env=variables), Surroundings(workspace=str(project), home=str(home)))


def test_each_entry_is_a_module_with_names_and_programs() -> None:
    for name, entry in CONFIGURED.items():
        assert inspect.ismodule(entry)
        assert entry.NAMES
        assert entry.PROGRAMS, name


PIP_CONF = "[global]\nindex-url = https://user:pw@a.example/simple\nextra-index-url =\n    https://b.example/simple\nproxy = http://proxy.example:3128\n"


@pytest.mark.parametrize(
    ("script", "files", "env", "found"),
    [
        ("pip install x", {}, {}, ("https://built.example/simple/",)),
        ("pip install x", {}, {"PIP_INDEX_URL": "https://e.example/s"}, ("https://e.example/s/",)),
        ("pip install x", {"~/.config/pip/pip.conf": PIP_CONF}, {"PIP_INDEX_URL": "https://e.example/s"}, ("https://e.example/s/",)),
        ("pip install x", {"~/.config/pip/pip.conf": PIP_CONF}, {}, ("https://user:pw@a.example/simple/",)),
        ("pip install -r r.txt", {"r.txt": "--index-url https://r.example/simple\nx\n"}, {}, ("https://r.example/simple/",)),
        ("PIP_INDEX_URL=https://own.example/s pip install x", {}, {}, ("https://own.example/s/",)),
        ("pip install -i $MIRROR/simple x", {}, {"MIRROR": "https://m.example"}, ("https://m.example/simple/",)),
        ("pip install --no-index -f wheels x", {}, {"PIP_INDEX_URL": "https://e.example/s"}, ()),
        ("pip install x", {}, {"PIP_INDEX_URL": "file:///srv/index"}, ("https://built.example/simple/",)),
    ],
)
def test_pip(names: Any, said: dict[str, str], script: str, files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    said["pip"] = "https://built.example/simple"
    assert names("pip", script, files, **env).addresses == found


def test_pips_own_proxy(names: Any) -> None:
    assert names("pip", "pip install x", {"~/.config/pip/pip.conf": PIP_CONF}).proxy == "http://proxy.example:3128"


UV_PROJECT = """[project]
name = "x"

[[tool.uv.index]]
name = "torch"
url = "https://torch.example/whl"
explicit = true

[[tool.uv.index]]  # ours
name = "corp"
url = "https://corp.example/simple"
default = true
"""


@pytest.mark.parametrize(
    ("script", "files", "env", "found"),
    [
        ("uv sync", {"pyproject.toml": UV_PROJECT}, {}, ("https://corp.example/simple", "https://torch.example/whl")),
        ("uv sync", {"pyproject.toml": UV_PROJECT}, {"UV_DEFAULT_INDEX": "https://e.example/s"}, ("https://e.example/s", "https://torch.example/whl")),
        ("uv sync", {"uv.toml": 'index-url = "https://u.example/s"\n', "pyproject.toml": UV_PROJECT}, {}, ("https://u.example/s",)),
        ("uv sync", {"~/.config/uv/uv.toml": '[[index]]\nurl = "https://h.example/s"\ndefault = true\n'}, {}, ("https://h.example/s",)),
        ("uv sync", {}, {"UV_INDEX": "corp=https://c.example/s https://d.example/s"}, ("https://built.example/simple", "https://c.example/s", "https://d.example/s")),
        ("uv pip install --default-index https://o.example/s x", {}, {"UV_DEFAULT_INDEX": "https://e.example/s"}, ("https://o.example/s",)),
        ("uv sync --offline", {}, {"UV_DEFAULT_INDEX": "https://e.example/s"}, ()),
    ],
)
def test_uv(names: Any, said: dict[str, str], script: str, files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    said["uv"] = "  -i, --index-url <INDEX_URL>\n  The URL of the Python package index (by\n          default: <https://built.example/simple>) [env: UV_INDEX_URL]\n"
    assert names("uv", script, files, **env).addresses == found


def source(priority: str) -> str:
    return f'[[tool.poetry.source]]\nname = "corp"\nurl = "https://corp.example/simple/"\n{priority}\n\n[build-system]\nrequires = []\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ("https://built.example/",)),
        (source(""), ("https://corp.example/simple/",)),
        (source('priority = "primary"'), ("https://corp.example/simple/",)),
        (source('priority = "supplemental"  # after the other'), ("https://built.example/", "https://corp.example/simple/")),
    ],
)
def test_poetry(names: Any, said: dict[str, str], text: str, found: tuple[str, ...]) -> None:
    said["poetry"] = "https://built.example/"
    assert names("poetry", "poetry install", {"pyproject.toml": text}).addresses == found


NPMRC = "registry=https://${TOKEN}@r.example/npm/\n@acme:registry = https://acme.example/npm/\n//r.example/:_authToken=secret\n"


@pytest.mark.parametrize(
    ("script", "files", "env", "found"),
    [
        ("npm ci", {}, {}, ("https://built.example/",)),
        ("npm ci", {".npmrc": NPMRC}, {"TOKEN": "t"}, ("https://t@r.example/npm/", "https://acme.example/npm/")),
        ("npm ci", {".npmrc": NPMRC}, {"TOKEN": "t", "NPM_CONFIG_REGISTRY": "https://e.example/"}, ("https://e.example/", "https://acme.example/npm/")),
        ("npm ci", {"~/.npmrc": "registry=https://h.example\n", ".npmrc": "registry=https://p.example\n"}, {}, ("https://p.example",)),
        ("npm ci", {"~/elsewhere": "registry=https://u.example\n"}, {"NPM_CONFIG_USERCONFIG": "~/elsewhere"}, ("https://u.example",)),
        ("npm ci --registry=https://o.example/n", {".npmrc": "registry=https://p.example\n"}, {}, ("https://o.example/n",)),
        ("pnpm install", {".npmrc": "registry=https://p.example\n"}, {}, ("https://p.example",)),
    ],
)
def test_npm(names: Any, said: dict[str, str], script: str, files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    said["npm"] = "https://built.example/"
    assert names("npm", script, files, **env).addresses == found


def test_npms_own_proxy(names: Any) -> None:
    assert names("npm", "npm ci", {".npmrc": "proxy=null\nhttps-proxy=http://proxy.example:8080\n"}).proxy == "http://proxy.example:8080"
    assert names("npm", "npm ci", {".npmrc": "https-proxy=null\nproxy=false\n"}).proxy == ""


@pytest.mark.parametrize(
    ("files", "env", "found"),
    [
        ({".yarnrc": 'registry "https://one.example/"\n'}, {}, ("https://one.example/",)),
        ({".npmrc": "registry=https://npm.example/\n"}, {}, ("https://npm.example/",)),
        ({}, {"YARN_REGISTRY": "https://e.example"}, ("https://e.example",)),
        ({".yarnrc.yml": 'npmRegistryServer: "https://two.example"\n', ".npmrc": "registry=https://npm.example/\n"}, {}, ("https://two.example",)),
        (
            {".yarnrc.yml": "npmScopes:\n  acme:\n    npmRegistryServer: ${ACME}\n"}, {"ACME": "https://acme.example"},
            ("https://built.example", "https://acme.example"),
        ),
        ({}, {"YARN_NPM_REGISTRY_SERVER": "https://v.example"}, ("https://v.example",)),
    ],
)  # fmt: skip
def test_yarn(names: Any, said: dict[str, str], files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    said["yarn"] = "https://built.example"
    assert names("yarn", "yarn install", files, **env).addresses == found


CARGO = """[source.crates-io]
replace-with = "one"
[source.one]
replace-with = 'corp'
[source.corp]
registry = "sparse+https://corp.example/index/"
[registries.team]
index = "https://git.example/team/index.git"
[http]
proxy = "proxy.example:3128"
"""


def test_cargo_follows_replacements_and_asks_a_sparse_index_for_its_description(names: Any) -> None:
    found = names("cargo", "cargo build", {"~/.cargo/config.toml": CARGO})
    assert found.addresses == ("https://corp.example/index/", "https://git.example/team/index.git")
    assert found.paths == {"https://corp.example/index/": "config.json"}
    assert found.proxy == "proxy.example:3128"


@pytest.mark.parametrize(
    ("files", "env", "found"),
    [
        ({".cargo/config.toml": '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n'}, {}, ()),
        ({".cargo/config.toml": CARGO.replace("corp.example", "near.example"), "~/.cargo/config.toml": CARGO}, {}, ("https://near.example/index/", "https://git.example/team/index.git")),
        ({"~/own/config.toml": CARGO}, {"CARGO_HOME": "~/own", "CARGO_REGISTRIES_TEAM_INDEX": "sparse+https://t.example/"}, ("https://corp.example/index/", "https://t.example/")),
        ({"~/.cargo/config.toml": CARGO}, {"CARGO_NET_OFFLINE": "true"}, ()),
        ({".cargo/config.toml": "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nreplace-with = \"a\"\n"}, {}, ()),
    ],
)  # fmt: skip
def test_cargo(names: Any, files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    assert names("cargo", "cargo build", files, **env).addresses == found


def test_cargos_built_in_index_stands_in_its_program(names: Any, said: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cargo").write_bytes(b"\x7fELF..sparse+..sparse+https://index.example/\0more")
    said["cargo program"] = str(tmp_path / "cargo")
    assert names("cargo", "cargo build").addresses == ("https://index.example/",)


@pytest.mark.parametrize(
    ("files", "env", "found"),
    [
        ({}, {"GOPROXY": "https://a.example,https://b.example|direct,https://never.example"}, ("https://a.example", "https://b.example")),
        ({}, {"GOPROXY": "off"}, ()),
        ({}, {"GOPROXY": "direct"}, ()),
        ({}, {"GOPROXY": "file:///srv/proxy,https://b.example"}, ("https://b.example",)),
        ({"~/.config/go/env": "GOFLAGS=-mod=mod\nGOPROXY=https://w.example,direct\n"}, {}, ("https://w.example",)),
        ({"~/.config/go/env": "GOPROXY=https://w.example\n"}, {"GOENV": "off"}, ("https://built.example",)),
    ],
)  # fmt: skip
def test_go(names: Any, said: dict[str, str], files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    said["go"] = "https://built.example,direct"
    assert names("go", "go build ./...", files, **env).addresses == found


def settings_xml(of: str, more: str = "") -> str:
    mirror = f"<mirror><id>m</id><mirrorOf>{of}</mirrorOf><url>https://${{env.WHO}}.example/maven</url></mirror>"
    return f'<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors>{mirror}</mirrors>{more}</settings>'


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><repositories>
<repository><id>team</id><url>https://team.example/releases</url></repository></repositories></project>"""


@pytest.mark.parametrize(
    ("of", "found"),
    [
        ("*", ("https://corp.example/maven",)),
        ("central", ("https://team.example/releases", "https://corp.example/maven")),
        ("*,!team", ("https://team.example/releases", "https://corp.example/maven")),
        ("external:http:*", ("https://team.example/releases",)),
        ("other", ("https://team.example/releases",)),
    ],
)
def test_maven(names: Any, of: str, found: tuple[str, ...]) -> None:
    files = {"pom.xml": POM, "~/.m2/settings.xml": settings_xml(of)}
    assert names("maven", "mvn -B verify", files, WHO="corp").addresses == found


def test_mavens_other_settings_and_its_proxy(names: Any) -> None:
    proxy = "<proxies><proxy><active>true</active><host>proxy.example</host><port>3128</port></proxy></proxies>"
    files = {"ci/settings.xml": settings_xml("*", proxy), "~/.m2/settings.xml": settings_xml("central")}
    found = names("maven", "mvn -s ci/settings.xml verify", files, WHO="ci")
    assert (found.addresses, found.proxy) == (("https://ci.example/maven",), "http://proxy.example:3128")


def test_a_maven_settings_file_with_entities_is_not_read(names: Any) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "https://evil.example/">]>' + settings_xml("*")
    assert names("maven", "mvn verify", {"~/.m2/settings.xml": bomb}, WHO="corp").addresses == ()


def test_gradle(names: Any) -> None:
    files = {
        "settings.gradle.kts": 'pluginManagement { repositories { maven("https://plugins.example/m2") } }\n',
        "build.gradle": "repositories {\n  maven { url \"${System.env.CORP}/maven\" }\n  maven { url = uri('https://two.example/m2') }\n"
        "  // maven { url 'https://gone.example' }\n  mavenCentral()\n}\n",
        "~/.gradle/init.d/corp.gradle": "allprojects { repositories { maven { setUrl('https://init.example/m2') } } }\n",
        "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://dist.example/gradle-8.5-bin.zip\n",
        "~/.gradle/gradle.properties": "systemProp.https.proxyHost=proxy.example\nsystemProp.https.proxyPort=3128\n",
    }
    found = names("gradle", "./gradlew build", files, CORP="https://corp.example")
    assert found.addresses == (
        "https://plugins.example/m2", "https://corp.example/maven", "https://two.example/m2", "https://init.example/m2", "https://dist.example/gradle-8.5-bin.zip",
    )  # fmt: skip
    assert found.proxy == "http://proxy.example:3128"


def test_git_takes_the_address_of_the_command_as_its_configuration_rewrites_it(names: Any, said: dict[str, str]) -> None:
    said["git"] = "url.https://mirror.example/.insteadof\nhttps://host.example/\0url.https://far.example/.insteadOf\nhttps://\0http.proxy\nproxy.example:1\0remote.origin.url\nhttps://o.example/a\0"
    found = names("git", "git clone https://host.example/team/a.git\necho https://no.example/")
    assert found.addresses == ("https://mirror.example/team/a.git",)
    assert found.proxy == "proxy.example:1"
    assert found.paths["https://mirror.example/team/a.git"].startswith("info/refs")


def test_gits_remotes_and_submodules_where_the_command_names_none(names: Any, said: dict[str, str]) -> None:
    said["git"] = "remote.origin.url\ngit@code.example:team/a.git\0user.name\nx\0"
    files = {".gitmodules": '[submodule "b"]\n\tpath = b\n\turl = https://sub.example/b.git\n'}
    assert names("git", "git fetch --all", files).addresses == ("git@code.example:team/a.git", "https://sub.example/b.git")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("curl -fsSL https://d.example/a.tgz | tar xz", ("https://d.example/a.tgz",)),
        ("curl -X POST -d @x 'https://api.example/v1/deploy?key=1'", ("https://api.example/",)),
        ("wget \\\n  -q https://d.example/b.zip", ("https://d.example/b.zip",)),
        ("curl -o a $BASE/a", ("https://base.example/a",)),
        ("curl -o a $UNKNOWN/a; echo https://no.example", ()),
    ],
)
def test_what_curl_and_wget_were_told(names: Any, script: str, found: tuple[str, ...]) -> None:
    assert names("download", script, BASE="https://base.example").addresses == found


def test_apt_says_its_archives(names: Any, said: dict[str, str]) -> None:
    said |= {"apt-get": "http://deb.example/debian|stable\nhttp://deb.example/debian|stable-updates\nfile:/srv/repo|x\n", "apt-config": "P='http://proxy.example:3142'"}
    found = names("apt", "apt-get update")
    assert (found.addresses, found.proxy) == (("http://deb.example/debian",), "http://proxy.example:3142")
    assert found.paths == {"http://deb.example/debian": "dists/stable/InRelease"}


GEMFILE = "source 'https://gems.example'\n\ngem 'rake'\ngroup :x do\n  source('https://corp-gems.example') do\n  end\nend\n"


@pytest.mark.parametrize(
    ("script", "files", "env", "found"),
    [
        ("bundle install", {"Gemfile": GEMFILE}, {}, ("https://gems.example", "https://corp-gems.example")),
        ("bundle install", {"Gemfile": GEMFILE}, {"BUNDLE_MIRROR__ALL": "https://all.example"}, ("https://all.example",)),
        (
            "bundle install", {"Gemfile": GEMFILE, ".bundle/config": '---\nBUNDLE_MIRROR__HTTPS://CORP___GEMS__EXAMPLE/: "https://near.example"\n'}, {},
            ("https://gems.example", "https://near.example"),
        ),
        ("gem install --source https://o.example/ x", {}, {}, ("https://o.example/",)),
        ("gem install x", {}, {}, ("https://built.example/",)),
    ],
)  # fmt: skip
def test_gem(names: Any, said: dict[str, str], script: str, files: dict[str, str], env: dict[str, str], found: tuple[str, ...]) -> None:
    said["gem"] = "*** CURRENT SOURCES ***\n\nhttps://built.example/"
    assert names("gem", script, files, **env).addresses == found


def test_composer_says_its_repositories(names: Any, said: dict[str, str]) -> None:
    said["composer"] = (
        "[repositories.0.type] composer\n[repositories.0.url] https://corp.example/composer\n[repositories.1.type] vcs\n"
        "[repositories.1.url] https://code.example/a.git\n[repositories.main.org.type] composer\n[repositories.main.org.url] https://built.example\n"
    )
    assert names("composer", "composer install").addresses == ("https://corp.example/composer", "https://built.example")


@pytest.mark.parametrize(
    ("script", "files", "found"),
    [
        ("docker pull reg.example:5000/team/app:1.2", {}, ("https://reg.example:5000/",)),
        ("docker login -u x reg.example", {}, ("https://reg.example/",)),
        ("docker build -f ci/Dockerfile .", {"ci/Dockerfile": "FROM --platform=linux/amd64 base.example/os:12 AS a\nCOPY --from=tools.example/x/y /a /a\n"}, ("https://base.example/", "https://tools.example/")),
        ("docker pull alpine:3", {}, ("https://hub.example/",)),
        ("docker run --rm -v /a.b/c:/d app", {}, ("https://hub.example/",)),
    ],
)  # fmt: skip
def test_docker(names: Any, said: dict[str, str], script: str, files: dict[str, str], found: tuple[str, ...]) -> None:
    said["docker"] = "https://hub.example/v1/"
    assert names("docker", script, files).addresses == found


def test_a_program_of_the_users_own_is_known_by_what_it_was_given_without_paths(tmp_path: Path) -> None:
    here = setting(tmp_path, "python sync.py https://api.example/v1/run?key=s3cr3t", None, BACKEND="http://backend.example:8080/drop/all", PLAIN="x")
    assert own_program.addresses(here) == ("https://api.example/", "http://backend.example:8080/")


def test_a_file_of_nothing_but_variables_does_not_grow_beyond_bounds(tmp_path: Path) -> None:
    here = setting(tmp_path, "sh run.sh", {"run.sh": "$LONG\n" * 10_000}, LONG="x" * 5000)
    assert len(here.text) < 3 << 20
