"""Perl: prove, perlcritic, perltidy, cpanm and the interpreter."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import certificate, named, port, upstream

MODULE = """\
package Route::Table;
use strict;
use warnings;
sub new { my ($class) = @_; return bless { routes => [] }, $class }
sub add { my ($self, $path, $name) = @_; push @{ $self->{routes} }, [ $path, $name ]; return $self }
sub find { my ($self, $path) = @_; for (@{ $self->{routes} }) { return $_->[1] if index($path, $_->[0]) == 0 } return }
1;
"""
TEST = """\
use strict; use warnings;
use Test::More;
use_ok('Route::Table');
my $t = Route::Table->new->add('/api', 'api')->add('/api/v2', 'second');
is($t->find('/api/v2/users'), 'second', 'the longest prefix wins');
is($t->find('/api/x'), 'api', 'host unreachable is not asked');
ok(!defined $t->find('/none'), 'nothing found: 404');
done_testing;
"""
MANY = "use Test::More;\nfor my $n (1 .. 150) { ok($n * $n >= $n, \"square $n, retry after timeout\") }\ndone_testing;\n"


@scenario("prove/failures", label="test_failure")
def _prove() -> Iterator[Case]:
    files = {"lib/Route/Table.pm": MODULE, "t/10-routes.t": TEST, "t/01-squares.t": MANY}
    proof = r"^# +(got: 'api'|expected: 'second')"
    yield Case("plain", "prove -l t", files=files, proof=proof)
    yield Case("verbose", "perl -v | head -3\nprove -lv t", files=files, proof=proof)
    yield Case("merged", "prove -l --merge --timer --jobs 2 --color t 2>&1 | cat", files=files, proof=r"^ +Failed test:  2")
    plan = "use Test::More tests => 4;\nok 1, 'connect'; ok 1, 'read timed out is handled';\nok 1, 'close';\n"
    yield Case("plan", "prove t", files={"t/plan.t": plan}, proof="planned 4 tests but ran 3")
    dies = "use Test::More tests => 2;\nok 1, 'starts';\nmy $rows = undef; print scalar(@$rows), qq{\\n}; use strict;\nok 1;\nstrict->import; my $x = Route->missing;\n"
    yield Case("dies", "prove -v t", files={"t/dies.t": dies}, proof="Can't locate object method|Can't use an undefined value")
    yield Case("tap", "perl -Ilib t/deep.t", files={"t/deep.t": "use Test::More;\nis_deeply({hosts => ['db1', 'db2'], port => 5432}, {hosts => ['db1', 'db3'], port => 5432}, 'connection refused list');\ndone_testing;\n"}, proof=r"^# +\$(got|expected)->")


@scenario("prove/flaky", label="flaky_test", heals="rerun_failed_tests")
def _prove_flaky() -> Iterator[Case]:
    order = "use Test::More;\nmy %seen = map { $_ => 1 } 1 .. 40;\nis(join(',', (keys %seen)[0, 1]), '7,12', 'first keys (hash order is random: PERL_HASH_SEED)');\ndone_testing;\n"
    yield Case("hash-order", "PERL_HASH_SEED_DEBUG=1 prove t", files={"t/keys.t": order}, proof="hash order is random")
    race = "use Test::More;\nuse IO::Socket::INET;\nmy $pid = fork() // die; if (!$pid) { sleep 2; exit 0 }\nmy $s; my $end = time + 1; until ($s or time > $end) { $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:28911', Timeout => 1); select undef, undef, undef, .1 }\nok($s, 'server came up') or diag(\"waited 1 s for the test server on 127.0.0.1:28911, still starting: $@\");\ndone_testing;\n"
    yield Case("starting", "prove -v t", files={"t/server.t": race}, proof="still starting")
    alarm = "use Test::More;\n$SIG{ALRM} = sub { fail('poll gave up'); diag('timed out after 1 s waiting for the job to leave state RUNNING'); done_testing; exit 1 };\nalarm 1; select undef, undef, undef, .1 while -e $0;\n"
    yield Case("alarm", "prove --state=save t", files={"t/poll.t": alarm}, proof="timed out after 1 s waiting")
    twice = "use Test::More;\nmy $n = -e '.seen' ? 1 : 0; open my $f, '>', '.seen';\nis($n, 1, 'cache is warm');\ndone_testing;\n"
    yield Case("passes-again", "prove --state=save t || { echo 'rerunning failed tests'; prove --state=failed t; echo 'passed on second run: marking the build unstable'; exit 1; }", files={"t/cache.t": twice}, proof="passed on second run")


@scenario("perl/compile", label="compile_error")
def _compile() -> Iterator[Case]:
    yield Case("strict", "perl -Ilib -c lib/Route/Table.pm", files={"lib/Route/Table.pm": MODULE.replace("my ($self, $path) = @_; for", "for")}, proof="Global symbol \"\\$(self|path)\" requires explicit")
    yield Case("bracket", "for m in $(find lib -name '*.pm'); do perl -wc -Ilib \"$m\"; done", files={"lib/Route/Table.pm": MODULE.replace("$class }", "$class")}, proof="Missing right curly|syntax error")
    yield Case("own-module", "prove -l t", files={"t/a.t": "use Test::More;\nuse_ok('Route::Tabel') or BAIL_OUT('no module');\ndone_testing;\n", "lib/Route/Table.pm": MODULE}, proof=r"Can't locate Route/Tabel.pm")
    yield Case("third-party", "perl bin/server.pl", files={"bin/server.pl": "use Mojolicious::Lite -signatures;\nget '/' => sub ($c) { $c->render(text => 'hi') };\napp->start;\n"}, proof="Can't locate Mojolicious/Lite.pm", label="configuration_error")
    yield Case("version", "perl -e 'use v5.42; say \"modern\"'", proof="Perl v5.42.0 required", label="configuration_error")
    yield Case("interpreter", "chmod +x run.pl\n./run.pl", files={"run.pl": "#!/opt/perl-5.8/bin/perl\nprint 1;\n"}, proof="bad interpreter|cannot execute|No such file", label="configuration_error")


@scenario("perlcritic/violations", label="lint_error")
def _critic() -> Iterator[Case]:
    code = "sub fetch {\n    open(FH, $_[0]) || die 'timeout';\n    my @lines = <FH>;\n    return eval \"[@lines]\";\n}\n"
    yield Case("gentle", "perlcritic --gentle lib", files={"lib/Fetch.pm": code}, proof=r"at line \d+, column \d+\.")
    yield Case("severe", "perlcritic --severity 3 --verbose 8 lib/", files={"lib/Fetch.pm": code}, proof=r"\(Severity: \d\)")
    yield Case("tidy", "perltidy --version | head -1\nperltidy --assert-tidy -o=tidied.pm lib/Route/Table.pm || { cat *.ERR lib/Route/*.ERR; exit 1; }", files={"lib/Route/Table.pm": MODULE}, proof="assert failure|Difference between|--assert-tidy")
    yield Case("pod", "podchecker lib/Doc.pm", files={"lib/Doc.pm": "=head1 NAME\n\nDoc\n\n=over\n\n=item x\n\nB<open\n\n=head2\n"}, proof=r"^\*\*\* (ERROR|WARNING)")


@scenario("cpanm/bad-upstream", label="service_unavailable", heals="wait", needs=("cpanm",), root=True)
def _cpanm() -> Iterator[Case]:
    host = "cpan.build.example"
    base = "cpanm --version | head -1\ncpanm --mirror http://{host}:{port} --mirror-only {extra} Text::Ledger"
    for name, kind, label, proof, extra in (
        ("503", "503", "unknown", "", "-v"),
        ("refused", "", "unknown", "", ""),
    ):
        number = port(f"cpan-{name}")
        case = Case(name, base.format(host=host, port=number, extra=extra), prepare=upstream(number, kind) if kind else "", proof=proof, label=label)
        yield named(host, case)
    number = port("cpan-absent")
    index = "mkdir -p $HOME/www/modules; printf 'File: 02packages.details.txt\\nLines: 1\\n\\nText::Other 1.0 A/AB/ABC/Text-Other-1.0.tar.gz\\n' | gzip > $HOME/www/modules/02packages.details.txt.gz\n"
    yield named(host, Case("absent", base.format(host=host, port=number, extra=""), prepare=index + upstream(number, "ok"), proof="Couldn't find module or a distribution Text::Ledger", label="dependency_not_found"))
    dist = "mkdir -p $HOME/www/modules $HOME/www/authors/id/A/AB/ABC; printf 'File: 02packages.details.txt\\nLines: 1\\n\\nText::Ledger 1.0 A/AB/ABC/Text-Ledger-1.0.tar.gz\\n' | gzip > $HOME/www/modules/02packages.details.txt.gz\nmkdir Text-Ledger-1.0; {files}; tar czf $HOME/www/authors/id/A/AB/ABC/Text-Ledger-1.0.tar.gz Text-Ledger-1.0; rm -r Text-Ledger-1.0\n"
    good = "head -c 60000 /dev/urandom > Text-Ledger-1.0/data.bin; echo 'use ExtUtils::MakeMaker; WriteMakefile(NAME => q(Text::Ledger), VERSION => 1);' > Text-Ledger-1.0/Makefile.PL"
    failing = good + "; mkdir Text-Ledger-1.0/t; echo 'use Test::More tests => 1; is(1+1, 3, q(sum));' > Text-Ledger-1.0/t/sum.t"
    number = port("cpan-tests")
    yield named(host, Case("its-tests", base.format(host=host, port=number, extra="-v -L local"), prepare=dist.format(files=failing) + upstream(number, "ok"), proof=r"Failed test 'sum'", label="test_failure"))


@scenario("lwp/request", label="network_timeout", heals="wait", needs=("perl",), root=True)
def _http() -> Iterator[Case]:
    host = "rates.bank.example"
    code = "use HTTP::Tiny;\nmy $r = HTTP::Tiny->new(timeout => 2, verify_SSL => 1)->get($ARGV[0]);\ndie \"fetching $ARGV[0] failed: $r->{status} $r->{reason}\\n$r->{content}\" unless $r->{success};\nprint 'ok';\n"
    for name, kind, label, proof in (
        ("stall", "stall", "network_timeout", "Timed out while waiting for socket"),
        ("close", "close", "connection_failure", "Unexpected end of stream|Connection reset"),
        ("502", "502", "service_unavailable", "502 Bad Gateway"),
        ("429", "429", "rate_limited", "429 Too Many Requests"),
        ("403", "403", "auth_failure", "403 Forbidden"),
    ):
        number = port(f"tiny-{name}")
        yield named(host, Case(name, f"perl bin/rates.pl http://{host}:{number}/eur.json", files={"bin/rates.pl": code}, prepare=upstream(number, kind), proof=proof, label=label))
    number = port("tiny-tls")
    yield named(host, Case("expired", f"export SSL_CERT_FILE=$HOME/ca.pem\nopenssl s_client -connect {host}:{number} -verify_return_error -brief < /dev/null", prepare=certificate("expired", host) + upstream(number, "ok", "tls=$HOME/server.pem"), proof="certificate has expired", label="tls_error"))
    yield Case("dns", "perl bin/rates.pl http://rates.no-such-bank.example/eur.json", files={"bin/rates.pl": code}, proof="Could not connect to|Name or service not known|name resolution", label="dns_failure")


@scenario("perl/limits", label="out_of_memory", root=True)
def _limits() -> Iterator[Case]:
    yield Case("out-of-memory", "perl -e 'print \"loading\\n\"; my @rows; push @rows, \"row\" x 99999 while 1'", limits=Limits(address_space_mb=150), proof="^Out of memory")
    yield Case("files", "perl -we 'my @h; for my $n (1 .. 99) { open my $h, \"<\", $0 eq \"-e\" ? \"/etc/hostname\" : $0 or die \"hostname $n: $!\"; push @h, $h }'", limits=Limits(open_files=24), proof="Too many open files", label="resource_limit")
    yield Case("disk", "perl -we 'open my $o, \">\", \"report.csv\" or die; for (1 .. 999999) { print $o \"line $_ of the report\\n\" or die \"write: $!\" } close $o or die \"close: $!\"'", limits=Limits(disk_mb=2), proof="No space left on device", label="disk_full")
    yield Case("prove-disk", "prove -v t", files={"t/export.t": "use Test::More;\nopen my $o, '>', 'big.bin' or die;\nmy $ok = 1; $ok &&= print {$o} 'x' x 65536 for 1 .. 99; $ok &&= close $o;\nok($ok, 'exported') or diag(\"export: $!\");\ndone_testing;\n"}, limits=Limits(disk_mb=2), proof="export: No space left on device", label="disk_full")


@scenario("prove/passes", label=PASSED)
def _passes() -> Iterator[Case]:
    right = TEST.replace("'second', 'the longest", "'api', 'the longest")
    yield Case("verbose", "prove -lv t", files={"lib/Route/Table.pm": MODULE, "t/10-routes.t": right, "t/01-squares.t": MANY})
    todo = "use Test::More;\nTODO: { local $TODO = 'flaky on CI'; is(1, 2, 'clock drift'); }\nSKIP: { skip 'no network: connection refused', 2; }\nok 1;\ndone_testing;\n"
    yield Case("todo", "set -x\nprove -v t", files={"t/todo.t": todo, "t/01-squares.t": MANY})
