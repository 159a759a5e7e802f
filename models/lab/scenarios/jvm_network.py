"""Maven and its repository when the network or the far end fails."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.jvm_projects import CART, HOME, JUNIT5, WARM, junit5, noisy_tests, pom
from models.lab.scenarios.jvm_remote import SERVER, alone, certificate

HOST = "nexus.acme.example"
NEEDS = ("mvn", "unshare", "python3")
CI = {"CI": "true"}


def mirrored(scheme: str = "http", artifact: str = "org.apache.commons:commons-csv:1.11.0") -> dict[str, str]:
    """A project whose own dependency comes from a mirror; a fresh repository asks it for plugins too."""
    settings = f"<settings><mirrors><mirror><id>acme</id><mirrorOf>*</mirrorOf><url>{scheme}://{HOST}/repository/maven</url><blocked>false</blocked></mirror></mirrors></settings>\n"
    return pom("cart", artifact) | CART | {"ci/settings.xml": settings, "ci/serve.py": SERVER}


def mvn(what: str, host: str = HOST, serve: str = "", **more: bool) -> str:
    """Maven with the mirror, alone."""
    return alone(f"mvn -s ci/settings.xml {what}", host, serve, **more)


@scenario("maven-repository/down", label="service_unavailable", needs=NEEDS, root=True)
def _down() -> Iterator[Case]:
    yield Case("503", mvn("-B compile", serve="503 80"), mirrored(), prepare=HOME, proof=r"Service (?:Temporarily )?Unavailable|status(?: code)?: 503")
    yield Case("502", mvn("-B -q package", serve="502 80"), mirrored(), prepare=HOME, proof=r"Bad Gateway|status(?: code)?: 502")
    yield Case("500", mvn("-B -ntp -U verify", serve="500 80"), mirrored(), env=CI, prepare=HOME, proof=r"Internal Server Error|status(?: code)?: 500")
    noise = pom("cart", JUNIT5) | CART | noisy_tests("acme.cart", 10, 8, "Gateway") | {k: v for k, v in mirrored().items() if k.startswith("ci/")}
    yield Case("late", alone("set -x\nmvn -B -ntp -o verify\nmvn -B -s ci/settings.xml dependency:get -Dartifact=acme.ink:ink:4.4 -Dtransitive=false", HOST, "503 80"), noise, prepare=WARM + "mvn -q -B verify\nmvn -q -B dependency:get -Dartifact=junit:junit:4.13.2 || true\nrm -rf target", proof=r"Service (?:Temporarily )?Unavailable|status(?: code)?: 503")
    yield Case("deploy", alone("mvn -B -DskipTests package deploy:deploy-file -Dfile=pom.xml -DgroupId=a -DartifactId=b -Dversion=1 -Durl=http://nexus.acme.example/releases -Dpackaging=pom", HOST, "500 80"), mirrored(artifact=JUNIT5), prepare=WARM + "mvn -q -B package\nmvn -q -B deploy:help\nmvn -q deploy:deploy-file -Dfile=pom.xml -DgroupId=a -DartifactId=b -Dversion=1 -Dpackaging=pom -Durl=file://$TMPDIR/r", proof=r"Internal Server Error|status(?: code)?: 500|Could not transfer artifact a:b")


@scenario("maven-repository/limits", label="rate_limited", needs=NEEDS, root=True)
def _limits() -> Iterator[Case]:
    yield Case("429", mvn("-B -Dmaven.wagon.httpconnectionManager.maxBackoffSeconds=4 compile", serve="429 80"), mirrored(), prepare=HOME, proof=r"Too Many Requests|status(?: code)?: 429")
    yield Case("429-errors", mvn("-B -e -Dmaven.wagon.httpconnectionManager.maxBackoffSeconds=3 test", serve="429 80"), mirrored(), env=CI, prepare=HOME, proof=r"Too Many Requests|status(?: code)?: 429")


@scenario("maven-repository/silent", label="network_timeout", needs=NEEDS, root=True)
def _silent() -> Iterator[Case]:
    wants = r"Read timed out|[Cc]onnect(?:ion)? timed out|Connection timed out"
    yield Case("stalled", mvn("-B -Dmaven.wagon.http.readTimeout=2500 -Dmaven.wagon.rto=2500 -Dmaven.wagon.http.retryHandler.count=0 compile", serve="stall 80"), mirrored(), prepare=HOME, proof=wants)
    yield Case("connect", mvn("-B -Dmaven.wagon.http.connectionTimeout=2500 -Dmaven.wagon.http.retryHandler.count=1 compile", serve="hole 80"), mirrored(), prepare=HOME, proof=wants)
    yield Case("https", mvn("-B -ntp package", serve="hole 443"), mirrored("https"), env=CI, prepare=HOME, proof=wants)


@scenario("maven-repository/unknown-host", label="dns_failure", needs=NEEDS, root=True)
def _dns() -> Iterator[Case]:
    wants = r"UnknownHostException|: Unknown host nexus|Temporary failure in name resolution|nexus\.acme\.example: (?:Name or service|Temporary)"
    yield Case("mirror", mvn("-B compile", resolvable=False), mirrored(), prepare=HOME, proof=wants)
    yield Case("verbose", mvn("-B -e -U package", resolvable=False), mirrored("https"), env=CI, prepare=HOME, proof=wants)
    test = {"src/test/java/acme/cart/RatesTest.java": junit5("acme.cart", "RatesTest", 'new java.net.URL("http://rates.acme.example/eur").openStream().close();')}
    yield Case("in-test", alone("mvn -B -o test", HOST, resolvable=False), pom("cart", JUNIT5) | CART | test | noisy_tests("acme.cart", 6, 5, "Rate"), prepare=WARM + "mvn -q test -DskipTests\nmvn -q test -Dtest=Rate00Test\nrm -rf target", proof=r"UnknownHostException: rates\.acme\.example")


@scenario("maven-repository/hangs-up", label="connection_failure", needs=NEEDS, root=True)
def _closes() -> Iterator[Case]:
    yield Case("refused", mvn("-B compile"), mirrored(), prepare=HOME, proof=r"Connection refused")
    yield Case("reset", mvn("-B -ntp compile", serve="reset 80"), mirrored(), env=CI, prepare=HOME, proof=r"Connection reset|SocketException")
    yield Case("empty", mvn("-q compile", serve="close 80"), mirrored(), prepare=HOME, proof=r"failed to respond|NoHttpResponse|Unexpected end of file|Broken pipe")
    yield Case("cut", mvn("-B package", serve="cut 80"), mirrored(), prepare=HOME, proof=r"Premature end of Content-Length|premature|Unexpected end|ConnectionClosed")


@scenario("maven-repository/certificate", label="tls_error", needs=(*NEEDS, "openssl"), root=True)
def _tls() -> Iterator[Case]:
    yield Case("self-signed", mvn("-B compile", serve="503 443"), mirrored("https"), prepare=HOME + certificate(HOST), proof=r"PKIX path building failed|unable to find valid certification path")
    yield Case("plain-http", mvn("-B -ntp compile", serve="503 443"), mirrored("https"), env=CI, prepare=HOME, proof=r"Unsupported or unrecognized SSL message|SSLException")
    get = "import java.net.*;\n\npublic class Rates {\n    public static void main(String[] a) throws Exception {\n        System.out.println(\"fetching rates\");\n        System.out.println(((HttpURLConnection) new URL(\"https://nexus.acme.example/rates\").openConnection()).getResponseCode());\n    }\n}\n"
    yield Case("program", alone("java Rates.java", HOST, "503 443"), {"Rates.java": get, "ci/serve.py": SERVER}, prepare=certificate(HOST), proof=r"SSLHandshakeException: .*PKIX path building failed")


@scenario("maven-repository/refuses", label="auth_failure", needs=NEEDS, root=True)
def _auth() -> Iterator[Case]:
    yield Case("401", mvn("-B compile", serve="401 80"), mirrored(), prepare=HOME, proof=r"status(?: code)?: 401|Unauthorized|[Nn]ot authorized|authentication failed")
    yield Case("403", mvn("-B -ntp compile", serve="403 80"), mirrored(), env=CI, prepare=HOME, proof=r"status(?: code)?: 403|Forbidden|[Nn]ot authorized|authorization failed")
    yield Case("deploy", alone("mvn -B deploy:deploy-file -Dfile=pom.xml -DgroupId=a -DartifactId=b -Dversion=1 -Durl=http://nexus.acme.example/releases -Dpackaging=pom", HOST, "401 80"), mirrored(artifact=JUNIT5), prepare=WARM + "mvn -q deploy:deploy-file -Dfile=pom.xml -DgroupId=a -DartifactId=b -Dversion=1 -Dpackaging=pom -Durl=file://$TMPDIR/r", proof=r"status(?: code)?: 401|Unauthorized|[Nn]ot authorized|authentication failed|Authentication")


@scenario("maven-repository/http-blocked", label="configuration_error", needs=("mvn",))
def _blocked() -> Iterator[Case]:
    repo = f"  <repositories><repository><id>acme</id><url>http://{HOST}/repo</url></repository></repositories>\n"
    yield Case("plain", "mvn -B compile", pom("cart", "acme.ink:ink:4.4", more=repo) | CART, prepare=WARM, proof=r"Blocked mirror for repositories")
