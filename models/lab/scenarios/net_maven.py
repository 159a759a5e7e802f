"""Maven and Java programs in bad weather."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import MAVEN, Client
from models.lab.weather_noise import LISTING, UNITTEST, UNITTEST_RUN

_NEEDS = ("mvn", "keytool")
_LANG = "commons-lang3"
_JAR = r"commons-lang3.*\.jar"


@scenario("mvn/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield MAVEN.case("pom-503", Weather("503", hits=1, path=_LANG), proof=r"\[ERROR\].*(?:status code: 503|Service Unavailable|503)")
    yield MAVEN.case("jar-502-debug", Weather("502", hits=1, path=_JAR, seed=2), "mvn -B -X compile", proof=r"\[ERROR\].*(?:status code: 502|Bad Gateway)")
    yield MAVEN.case("jar-500-quiet", Weather("500", hits=1, path=_JAR, seed=3), f"{UNITTEST_RUN}\nmvn -B -q package", files=UNITTEST, proof=r"status(?: code)?: 500")


@scenario("mvn/weather-limited-unsaid", label="connection_failure", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    """On 429 this Maven tries again with a stream that it has closed; the status is nowhere in the log."""
    yield MAVEN.case("429", Weather("429", hits=2, path=_LANG), "mvn -B -ntp -e package", proof=r"Attempted read from closed stream")


@scenario("mvn/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield MAVEN.case("refused", Weather("refused", seconds=12), proof=r"\[ERROR\].*[Cc]onnection refused")
    yield MAVEN.case("reset", Weather("reset", hits=4, path=_LANG, seed=2), "mvn -B -ntp -e test-compile", proof=r"\[ERROR\].*Connection reset")
    yield MAVEN.case("cut-jar", Weather("truncate", hits=4, path=_JAR, seed=3), f"{LISTING}\nmvn -B package", proof=r"\[ERROR\].*Premature end of Content-Length")


@scenario("mvn/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    yield MAVEN.case("silent", Weather("silent", hits=3, path=_LANG), proof=r"\[ERROR\].*[Rr]ead timed out")


@scenario("mvn/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield MAVEN.case("unknown-host", Weather("dns", seconds=12), proof=r"\[ERROR\].*(?:Name or service not known|Unknown host|nodename)")


@scenario("mvn/weather-certificate", label="tls_error", needs=_NEEDS)
def _certificate() -> Iterator[Case]:
    yield MAVEN.case("self-signed", Weather("tls"), proof=r"\[ERROR\].*PKIX path")
    yield MAVEN.case("other-host", Weather("tls_host", seed=2), "mvn -B -ntp compile", proof=r"\[ERROR\].*doesn't match any of the subject alternative names")


@scenario("mvn/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield MAVEN.case("401", Weather("401", path=_LANG), proof=r"\[ERROR\].*(?:status code: 401|Unauthorized)")
    yield MAVEN.case("403", Weather("403", path=_JAR, seed=2), "mvn -B compile", proof=r"\[ERROR\].*(?:status code: 403|Forbidden)")


@scenario("mvn/weather-gone", label="dependency_not_found", needs=_NEEDS)
def _gone() -> Iterator[Case]:
    yield MAVEN.case("404", Weather("missing", path=_LANG), proof=r"\[ERROR\].*Could not find artifact")


@scenario("mvn/weather-spoiled", label="corrupt_artifact", heals="purge_cache", needs=_NEEDS)
def _spoiled() -> Iterator[Case]:
    yield MAVEN.case("strict-checksum", Weather("flip", hits=4, path=_JAR + "$"), "mvn -B -ntp -C package", proof=r"\[ERROR\].*Checksum validation failed")
    yield MAVEN.case("short-jar", Weather("short", hits=8, path=_JAR, seed=2), "mvn -B -C compile", proof=r"\[ERROR\].*Checksum validation failed")


_JAVA = """import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Fetches the rate table that the price list is generated from. */
public class FetchRates {
    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
        URI address = URI.create(System.getenv("LAB_HTTPS") + "/files/releases/exchange-rates.json");
        HttpRequest request = HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(3)).build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IllegalStateException("rate table: HTTP " + response.statusCode() + " from " + address);
        }
        System.out.println(response.body().length() + " characters of rates");
    }
}
"""
JAVA = Client(
    "java", "java FetchRates.java", "releases", files={"FetchRates.java": _JAVA},
    env={"JDK_JAVA_OPTIONS": "-Djavax.net.ssl.trustStore={LAB_TRUST} -Djavax.net.ssl.trustStorePassword=changeit"}, needs=("java", "keytool"),
)  # fmt: skip


@scenario("java/weather-client", label="connection_failure", heals="wait", needs=("java", "keytool"))
def _client() -> Iterator[Case]:
    yield JAVA.case("refused", Weather("refused", seconds=25), proof=r"ConnectException")
    yield JAVA.case("reset", Weather("reset", hits=2, seed=2), f"{UNITTEST_RUN}\njava FetchRates.java", files=UNITTEST, proof=r"(?:Socket|IO)Exception: .*(?:reset|received no bytes)")
    yield JAVA.case("no-bytes", Weather("close", hits=2, seed=3), proof=r"received no bytes|EOFException|EOF reached")


@scenario("java/weather-answer", label="service_unavailable", heals="wait", needs=("java", "keytool"))
def _answer() -> Iterator[Case]:
    yield JAVA.case("503", Weather("503", hits=1), proof=r"rate table: HTTP 503")
    yield JAVA.case("429", Weather("429", hits=1, seed=2), proof=r"rate table: HTTP 429", label="rate_limited")
    yield JAVA.case("silent", Weather("silent", hits=1, seed=3), proof=r"HttpTimeoutException", label="network_timeout")
    yield JAVA.case("connect", Weather("no_answer", seconds=25, seed=4), f"{LISTING}\njava FetchRates.java", proof=r"HttpConnectTimeoutException", label="network_timeout")
    yield JAVA.case("name", Weather("dns", seconds=5, seed=5), proof=r"UnresolvedAddressException|ConnectException", label="dns_failure")


@scenario("java/weather-certificate", label="tls_error", needs=("java", "keytool"))
def _java_certificate() -> Iterator[Case]:
    yield JAVA.case("self-signed", Weather("tls"), proof=r"PKIX path (?:building|validation) failed")
    yield JAVA.case("expired", Weather("tls_expired", seed=2), proof=r"CertificateExpiredException|PKIX path validation failed")


@scenario("mvn/weather-survived", label="test_failure", needs=_NEEDS)
def _survived() -> Iterator[Case]:
    test = "package com.acme;\n\nimport static org.junit.Assert.assertEquals;\nimport org.junit.Test;\n\npublic class RatesTest {\n    @Test\n    public void connectionRefusedSurcharge() {\n        assertEquals(\"after 503\", 131, Rates.cents(100));\n    }\n}\n"
    yield MAVEN.case(
        "second-try-then-assert", Weather("503", hits=1, path=_LANG), "mvn -B -ntp -q dependency:resolve || mvn -B -ntp -U compile || true\nmvn -B -ntp -U package",
        files={"src/test/java/com/acme/RatesTest.java": test}, proof=r"after 503 expected:<131> but was:<130>",
    )  # fmt: skip


@scenario("mvn/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield MAVEN.case("second-try", Weather("502", hits=1, path=_LANG), f"mvn -B package || (echo 'retrying with -U' && mvn -B -U package)\n{LISTING}")
