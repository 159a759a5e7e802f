"""PHP: the interpreter, PHPUnit, PHP_CodeSniffer and Composer without its public repository."""

from __future__ import annotations

import json
from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import certificate, named, port, upstream

BASKET = """\
<?php
declare(strict_types=1);
namespace Shop;
final class Basket
{
    private array $lines = [];
    public function add(string $sku, int $cents, int $count = 1): self
    {
        $this->lines[$sku] = [$cents, $count];
        return $this;
    }
    public function total(): int
    {
        return array_sum(array_map(fn (array $l) => $l[0] * $l[1], $this->lines));
    }
    public function retryDelay(int $status): int
    {
        return $status === 429 ? 60 : 5;
    }
}
"""
TEST = """\
<?php
use PHPUnit\\Framework\\TestCase;
use Shop\\Basket;
require_once __DIR__ . '/../src/Basket.php';
final class BasketTest extends TestCase
{
    public function testTotal(): void
    {
        $this->assertSame(1750, (new Basket())->add('tea', 500, 2)->add('cup', 700)->total());
    }
    /** @dataProvider amounts */
    public function testOneLine(int $cents): void
    {
        $this->assertSame($cents, (new Basket())->add('x', $cents)->total());
    }
    public function amounts(): iterable
    {
        for ($n = 1; $n <= 90; $n++) {
            yield "amount $n after a network timeout" => [$n];
        }
    }
    public function testTooManyRequests(): void
    {
        $this->assertSame(60, (new Basket())->retryDelay(429), '429 Too Many Requests waits a minute');
    }
}
"""
GOOD = TEST.replace("1750", "1700")


@scenario("phpunit/assertion", label="test_failure")
def _phpunit() -> Iterator[Case]:
    files = {"src/Basket.php": BASKET, "tests/BasketTest.php": TEST}
    proof = "Failed asserting that 1700 is identical to 1750"
    yield Case("plain", "phpunit tests", files=files, proof=proof)
    yield Case("testdox", "php --version\nphpunit --testdox --colors=never tests", files=files, proof="Failed asserting that 1700 is identical to 1750")
    yield Case("verbose", "phpunit --verbose --debug tests | cat", files=files, proof=proof)
    limit = TEST.replace("1750", "1700").replace("assertSame(60,", "assertSame(120,")
    yield Case("rate-limit-words", "phpunit --teamcity tests", files=files | {"tests/BasketTest.php": limit}, proof="Failed asserting that 60 is identical to 120")
    warned = "<?php\nuse PHPUnit\\Framework\\TestCase;\nclass ImportTest extends TestCase {\n public function testReads(): void { $rows = explode(';', 'a;b'); $this->assertSame('c', $rows[2]); }\n}\n"
    yield Case("warning-as-error", "phpunit --fail-on-warning tests", files={"tests/ImportTest.php": warned}, proof='Undefined array key 2')


@scenario("phpunit/errors", label="compile_error")
def _phpunit_errors() -> Iterator[Case]:
    yield Case("parse", "phpunit tests", files={"src/Basket.php": BASKET.replace("return $this;", "return $this"), "tests/BasketTest.php": TEST}, proof="syntax error, unexpected token")
    yield Case("class", "phpunit tests", files={"tests/BasketTest.php": TEST.replace("require_once __DIR__ . '/../src/Basket.php';", "")}, proof=r'Class "Shop\\Basket" not found')
    yield Case("config", "phpunit -c phpunit.ci.xml", proof='Could not read "phpunit.ci.xml"|Cannot open file', label="configuration_error")
    yield Case("xml", "phpunit", files={"phpunit.xml": "<phpunit><testsuites><testsuite name='u'><directory>tests</directory></testsuites></phpunit>\n", "tests/BasketTest.php": GOOD, "src/Basket.php": BASKET}, proof="Opening and ending tag mismatch", label="configuration_error")
    slow = "<?php\nuse PHPUnit\\Framework\\TestCase;\nclass QueueTest extends TestCase {\n public function testWorkerAnswers(): void {\n  $end = microtime(true) + 1; $got = false;\n  $p = proc_open(['sh','-c','sleep 1.5; echo done > out.txt'], [], $x);\n  while (microtime(true) < $end && !($got = file_exists('out.txt'))) { usleep(50000); }\n  $this->assertTrue($got, 'waited 1.0 s for the worker, gave up; it was still starting');\n }\n}\n"
    yield Case("poll", "phpunit --testdox tests", files={"tests/QueueTest.php": slow}, proof="waited 1.0 s for the worker", label="flaky_test")


@scenario("php/fatal", label="compile_error")
def _php() -> Iterator[Case]:
    yield Case("lint", "for f in src/*.php; do php -l \"$f\"; done", files={"src/A.php": "<?php echo 1;\n", "src/Basket.php": BASKET.replace("int {\n", "int\n").replace("private array $lines = [];", "private array $lines = [;")}, proof="^PHP Parse error|^Parse error")
    yield Case("undefined-function", "php bin/report.php", files={"bin/report.php": "<?php\necho \"report\\n\";\necho monthly_total([1,2]), PHP_EOL;\n"}, proof=r"Call to undefined function monthly_total\(\)")
    yield Case("extension", "php -m | cat\nphp -r 'echo imagecreatetruecolor(2, 2) ? \"ok\" : \"no\";'", proof=r"undefined function imagecreatetruecolor", label="configuration_error")
    yield Case("include", "php -d display_errors=1 bin/job.php", files={"bin/job.php": "<?php\nrequire '/etc/shop/secrets.php';\n"}, proof="Failed to open stream: No such file", label="configuration_error")


@scenario("php/memory", label="out_of_memory", needs=("php",), root=True)
def _php_memory() -> Iterator[Case]:
    grow = "<?php\n$rows = [];\nfor ($n = 0; ; $n++) { $rows[] = str_repeat(\"row $n \", 500); }\n"
    yield Case("limit", "php -d memory_limit=48M bin/import.php", files={"bin/import.php": grow}, proof=r"Allowed memory size of \d+ bytes exhausted")
    yield Case("killed-said", "echo 'import starts'\nphp -d memory_limit=-1 bin/import.php &\nwait $! || { code=$?; echo \"import ended with exit code $code\"; exit $code; }", files={"bin/import.php": grow}, limits=Limits(memory_mb=90), proof="Killed|exit code 137")
    phpunit = "<?php\nclass BigTest extends PHPUnit\\Framework\\TestCase {\n public function testImport(): void { $rows = []; while (true) { $rows[] = str_repeat('row', 9000); } }\n}\n"
    yield Case("phpunit", "php -d memory_limit=40M /usr/bin/phpunit tests", files={"tests/BigTest.php": phpunit}, proof=r"Allowed memory size of \d+ bytes exhausted")
    yield Case("time", "php -d max_execution_time=1 bin/spin.php", files={"bin/spin.php": "<?php\necho \"working\\n\";\nwhile (true) { $x = sqrt(2); }\n"}, proof="Maximum execution time of 1 second exceeded", label="hang")
    files = "<?php\n$open = [];\nfor ($n = 0; $n < 200; $n++) { $open[] = fopen(__FILE__, 'r') ?: exit(1); }\n"
    yield Case("files", "php watch.php", files={"watch.php": files}, limits=Limits(open_files=30), proof="Too many open files", label="resource_limit")
    plain = "<?php\nfor ($n = 0; $n < 90; $n++) { if (file_put_contents(\"out-$n.bin\", str_repeat('x', 99999)) < 99999) { exit(2); } }\n"
    yield Case("disk", "php export.php", files={"export.php": plain}, limits=Limits(disk_mb=2), proof="No space left on device", label="disk_full")


@scenario("php/memory-limit", label="out_of_memory", heals="raise_heap", needs=("php",))
def _php_limit() -> Iterator[Case]:
    build = "<?php\necho \"reading catalogue\\n\";\n$rows = [];\nfor ($n = 0; $n < 90; $n++) { $rows[] = str_repeat(\"row $n \", 1 << 17); }\necho 'rows: ', count($rows), \"\\n\";\n"
    proof = r"Allowed memory size of \d+ bytes exhausted"
    yield Case("flag", "php -d memory_limit=32M bin/build.php", files={"bin/build.php": build}, proof=proof)
    yield Case("ini", "php bin/build.php", files={"bin/build.php": build, "ci/php.ini": "memory_limit=24M\n"}, env={"PHPRC": "ci"}, proof=proof)
    tested = "<?php\nclass BuildTest extends PHPUnit\\Framework\\TestCase {\n public function testCatalogue(): void { $rows = []; for ($n = 0; $n < 60; $n++) { $rows[] = str_repeat('row', 1 << 19); } $this->assertCount(60, $rows); }\n}\n"
    yield Case("phpunit", "phpunit tests", files={"tests/BuildTest.php": tested, "ci/php.ini": "memory_limit=48M\n"}, env={"PHPRC": "ci"}, proof=proof)


@scenario("phpcs/findings", label="lint_error")
def _phpcs() -> Iterator[Case]:
    files = {"src/Basket.php": BASKET.replace("    public function total", "\tpublic function  total")}
    yield Case("full", "phpcs --standard=PSR12 src", files=files, proof=r"^ *\d+ \| (ERROR|WARNING)")
    yield Case("emacs", "phpcs --standard=PSR12 --report=emacs src", files=files, proof=r":\d+:\d+: (error|warning) - ")
    yield Case("standard", "phpcs --standard=HouseStyle src", files=files, proof='"HouseStyle" coding standard is not installed', label="configuration_error")


def _composer(**fields: object) -> str:
    return json.dumps({"name": "acme/shop", "description": "x", "license": "MIT", **fields}, indent=4) + "\n"


@scenario("composer/no-solution", label="dependency_conflict")
def _composer_conflict() -> Iterator[Case]:
    off = {"packagist": False}

    def lib(name: str, version: str, **fields: object) -> str:
        return json.dumps({"name": name, "version": version, **fields}) + "\n"

    repositories = [{"type": "path", "url": "libs/*"}, off]
    clash = {
        "composer.json": _composer(repositories=repositories, require={"acme/pdf": "^2.0", "acme/fonts": "^3.0"}),
        "libs/pdf/composer.json": lib("acme/pdf", "2.1.0", require={"acme/fonts": "^2.4"}),
        "libs/fonts/composer.json": lib("acme/fonts", "3.0.0"),
    }
    yield Case("clash", "composer update --no-interaction", files=clash, proof="^Your requirements could not be resolved|acme/pdf .* requires acme/fonts")
    yield Case("php-version", "composer --version\ncomposer install -vvv --no-ansi --no-interaction", files={"composer.json": _composer(repositories=[off], require={"php": ">=8.4"})}, proof=r"your php version \(", label="configuration_error")
    yield Case("extension", "composer install --no-interaction --no-progress", files={"composer.json": _composer(repositories=[off], require={"ext-redis": "*"})}, proof=r"requires PHP extension ext-redis", label="configuration_error")
    absent = _composer(repositories=repositories, require={"acme/barcode": "^1.0"})
    yield Case("absent", "composer install --no-ansi --no-interaction", files={"composer.json": absent, "libs/fonts/composer.json": lib("acme/fonts", "3.0.0")}, proof="acme/barcode, it could not be found|Root composer.json requires acme/barcode", label="dependency_not_found")
    lock = "composer update -q --no-interaction\npython3 - <<'E'\nimport json\nd = json.load(open('composer.json')); d['require']['acme/fonts'] = '^4.0'; json.dump(d, open('composer.json', 'w'))\nE\n"
    fine = dict(clash)
    fine["composer.json"] = _composer(repositories=repositories, require={"acme/fonts": "^3.0"})
    yield Case("stale-lock", "composer install --no-interaction --no-progress", files=fine, prepare=lock, proof="lock file is not up to date|does not satisfy your constraint|Required package \"acme/fonts\"")
    yield Case("invalid", "composer validate --strict\ncomposer install", files={"composer.json": '{"name": "Acme/Shop", "require": {"php": ">=8"},}\n'}, proof="does not contain valid JSON|Parse error", label="configuration_error")
    slow = _composer(repositories=[off], scripts={"build": "sleep 30"}, config={"process-timeout": 2})
    yield Case("script-timeout", "composer run-script build", files={"composer.json": slow}, proof="exceeded the timeout of 2 seconds", label="hang")
    broken = _composer(repositories=[off], scripts={"build": ["@php -r \"echo 'assets';\"", "vite build --mode production"]})
    yield Case("script-missing", "composer install -q\ncomposer build", files={"composer.json": broken}, proof="vite: (command )?not found", label="configuration_error")


@scenario("composer/bad-upstream", label="service_unavailable", heals="wait", root=True)
def _composer_network() -> Iterator[Case]:
    host = "composer.build.example"
    for name, kind, label, proof in (
        ("503", "503", "service_unavailable", r"503 Service Unavailable"),
        ("429", "429", "rate_limited", r"429 Too Many Requests"),
        ("401", "401", "auth_failure", r"\(HTTP 401\)"),
        ("404", "404", "dependency_not_found", "404 Not Found"),
        ("refused", "", "connection_failure", "Connection refused|Failed to connect"),
    ):
        number = port(f"composer-{name}")
        manifest = _composer(repositories=[{"type": "composer", "url": f"http://{host}:{number}"}, {"packagist": False}], require={"acme/pdf": "^2.0"}, config={"secure-http": False})
        yield named(host, Case(name, "composer install --no-interaction --no-progress", files={"composer.json": manifest}, prepare=upstream(number, kind) if kind else "", proof=proof, label=label))
    number = port("composer-tls")
    manifest = _composer(repositories=[{"type": "composer", "url": f"https://{host}:{number}"}, {"packagist": False}], require={"acme/pdf": "^2.0"})
    yield named(host, Case("tls", "composer update -n -v", files={"composer.json": manifest}, prepare=certificate("self-signed", host) + upstream(number, "ok", "tls=$HOME/server.pem"), proof="certificate|SSL", label="tls_error"))


@scenario("php/passes", label=PASSED, needs=("phpunit",))
def _passes() -> Iterator[Case]:
    yield Case("phpunit", "set -x\nphp -v\nphpunit --testdox --verbose tests", files={"src/Basket.php": BASKET, "tests/BasketTest.php": GOOD})
    job = "<?php\nfor ($try = 1; ; $try++) {\n  if ($try < 3) { fwrite(STDERR, \"ERROR: cURL error 28: Operation timed out, attempt $try of 5\\n\"); continue; }\n  echo \"fetched after $try attempts\\n\"; break;\n}\n"
    yield Case("survived", "php fetch.php\nphpunit --colors=never tests", files={"fetch.php": job, "src/Basket.php": BASKET, "tests/BasketTest.php": GOOD})
