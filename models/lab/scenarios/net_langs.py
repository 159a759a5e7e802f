"""gem, Composer and small Ruby, PHP and Perl programs in bad weather."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Weather, scenario
from models.lab.weather_clients import COMPOSER, GEM, Client
from models.lab.weather_noise import C_BUILD, C_RUN, LISTING, UNITTEST, UNITTEST_RUN

_GEM = r"\.gem$"


@scenario("gem/weather-answers", label="service_unavailable", heals="wait", needs=("gem",))
def _gem_answers() -> Iterator[Case]:
    yield GEM.case("file-503", Weather("503", hits=4, path=_GEM), proof=r"bad response .*503|503")
    yield GEM.case("index-500", Weather("500", hits=20, seed=2), f"{UNITTEST_RUN}\n{GEM.script}", files=UNITTEST, proof=r"bad response .*500|500")
    yield GEM.case("429", Weather("429", hits=4, path=_GEM, seed=3), proof=r"429", label="rate_limited")
    yield GEM.case("403", Weather("403", path=_GEM, seed=4), proof=r"403", label="auth_failure")
    yield GEM.case("unknown-gem", Weather("calm", seed=5), "gem install --clear-sources --source $LAB_HTTPS/gems/ -i vendor --no-document ledger_formats", proof=r"Could not find a valid gem", label="dependency_not_found")


@scenario("gem/weather-network", label="connection_failure", heals="wait", needs=("gem",))
def _gem_network() -> Iterator[Case]:
    yield GEM.case("refused", Weather("refused", seconds=4), proof=r"[Cc]onnection refused|Failed to open TCP")
    yield GEM.case("reset", Weather("reset", hits=8, path=_GEM, seed=2), proof=r"reset by peer|too many connection resets")
    yield GEM.case("name", Weather("dns", seconds=5, seed=3), f"{LISTING}\n{GEM.script}", proof=r"no such name|getaddrinfo|Name or service", label="dns_failure")
    yield GEM.case("self-signed", Weather("tls", seed=4), proof=r"certificate verify failed|SSL verification error", label="tls_error")
    yield GEM.case("flipped", Weather("flip", path=_GEM, hits=1, seed=5), proof=r"corrupt|invalid|[Cc]hecksum|SHA|package metadata|incorrect", label="corrupt_artifact")


@scenario("composer/weather-answers", label="service_unavailable", heals="wait", needs=("composer",))
def _composer_answers() -> Iterator[Case]:
    yield COMPOSER.case("index-503", Weather("503", hits=8), proof=r"503")
    yield COMPOSER.case("file-500", Weather("500", hits=8, path=r"\.zip"), "composer install -vvv --no-interaction --no-progress", proof=r"500")
    yield COMPOSER.case("429", Weather("429", hits=8), proof=r"429", label="rate_limited")
    yield COMPOSER.case("refused", Weather("refused", seconds=6), f"{C_RUN}\n{COMPOSER.script}", files=C_BUILD, proof=r"[Cc]onnection refused|Failed to connect|failed to open stream", label="connection_failure")
    yield COMPOSER.case("name", Weather("dns", seconds=6), proof=r"[Cc]ould not resolve|getaddrinfo", label="dns_failure")
    yield COMPOSER.case("flipped", Weather("flip", path=r"\.zip", hits=4), proof=r"checksum verification of the file failed", label="corrupt_artifact")


_RUBY = """require 'net/http'
require 'json'

uri = URI("#{ENV['LAB_HTTPS']}/files/releases/exchange-rates.json")
answer = Net::HTTP.start(uri.host, uri.port, use_ssl: true, open_timeout: 2, read_timeout: 2, max_retries: 0) { |http| http.get(uri.path) }
answer.value
puts "#{JSON.parse(answer.body)['rates'].size} rates"
"""
_PHP = """<?php
$context = stream_context_create(['http' => ['timeout' => 2], 'ssl' => ['cafile' => getenv('SSL_CERT_FILE')]]);
$text = file_get_contents(getenv('LAB_HTTPS') . '/files/releases/exchange-rates.json', false, $context);
if ($text === false) {
    fwrite(STDERR, "import-rates: no rate table\\n");
    exit(1);
}
echo strlen($text), " bytes of rates\\n";
"""
_PERL = """use strict;
use warnings;
use LWP::UserAgent;

my $agent = LWP::UserAgent->new(timeout => 2);
my $answer = $agent->get("$ENV{LAB_URL}/files/releases/SHA256SUMS");
die "checksums: ", $answer->status_line, "\\n" unless $answer->is_success;
print $answer->decoded_content;
"""
RUBY = Client("ruby", "ruby rates.rb", "releases", files={"rates.rb": _RUBY})
PHP = Client("php", "php import-rates.php", "releases", files={"import-rates.php": _PHP})
PERL = Client("perl", "perl sums.pl", "releases", files={"sums.pl": _PERL})


@scenario("ruby/weather-client", label="connection_failure", heals="wait", needs=("ruby",))
def _ruby() -> Iterator[Case]:
    yield RUBY.case("refused", Weather("refused", seconds=3), proof=r"Errno::ECONNREFUSED")
    yield RUBY.case("reset", Weather("reset", hits=2, seed=2), f"{LISTING}\nruby rates.rb", proof=r"Errno::ECONNRESET")
    yield RUBY.case("503", Weather("503", hits=1, seed=3), proof=r"503 \"Service Unavailable\"|Net::HTTPFatalError", label="service_unavailable")
    yield RUBY.case("silent", Weather("silent", hits=2, seed=4), proof=r"Net::ReadTimeout", label="network_timeout")
    yield RUBY.case("connect", Weather("no_answer", seconds=4, seed=5), proof=r"Net::OpenTimeout", label="network_timeout")
    yield RUBY.case("name", Weather("dns", seconds=3, seed=6), proof=r"getaddrinfo", label="dns_failure")


@scenario("php/weather-client", label="service_unavailable", heals="wait", needs=("php",))
def _php() -> Iterator[Case]:
    yield PHP.case("502", Weather("502", hits=1), proof=r"502 Bad Gateway")
    yield PHP.case("429", Weather("429", hits=1, seed=2), f"{UNITTEST_RUN}\nphp import-rates.php", files=UNITTEST, proof=r"429 Too Many", label="rate_limited")
    yield PHP.case("refused", Weather("refused", seconds=3, seed=3), proof=r"Connection refused", label="connection_failure")
    yield PHP.case("expired", Weather("tls_expired", seed=4), proof=r"certificate verify failed", label="tls_error")
    yield PHP.case("name", Weather("dns_again", seconds=3, seed=5), proof=r"getaddrinfo", label="dns_failure")


@scenario("perl/weather-client", label="service_unavailable", heals="wait", needs=("perl",))
def _perl() -> Iterator[Case]:
    prepare = "perl -MLWP::UserAgent -e 1"
    yield PERL.case("500", Weather("500", hits=1), proof=r"checksums: 500 Internal Server Error", prepare=prepare)
    yield PERL.case("refused", Weather("refused", seconds=3, seed=2), proof=r"Connection refused", label="connection_failure", prepare=prepare)
    yield PERL.case("read-time-out", Weather("silent", hits=1, seed=3), proof=r"read timeout", label="network_timeout", prepare=prepare)
    yield PERL.case("401", Weather("401", seed=4), f"{C_RUN}\nperl sums.pl", files=C_BUILD, proof=r"checksums: 401", label="auth_failure", prepare=prepare)
