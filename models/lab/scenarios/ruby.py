"""Ruby: rspec, minitest, rake, rubocop, bundler, gem and the interpreter itself."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import certificate, named, port, upstream

LEDGER = """\
# frozen_string_literal: true

# Adds up what customers owe.
class Ledger
  Entry = Struct.new(:customer, :cents)

  def initialize
    @entries = []
  end

  def post(customer, cents)
    raise ArgumentError, "cents must be an Integer" unless cents.is_a?(Integer)

    @entries << Entry.new(customer, cents)
    self
  end

  def balance(customer)
    @entries.select { |entry| entry.customer == customer }.sum(&:cents)
  end

  def retries_for(status)
    status == 503 ? 3 : 0
  end
end
"""
MANY = """\
require "ledger"
RSpec.describe "rounding" do
  (1..180).each do |n|
    it "keeps #{n} cents, also after a connection error number #{n % 7}" do
      expect(Ledger.new.post("ann", n).balance("ann")).to eq(n)
    end
  end
end
"""
BAD_SPEC = """\
require "ledger"
RSpec.describe Ledger do
  it "adds what was posted" do
    expect(Ledger.new.post("bo", 100).post("bo", 150).balance("bo")).to eq(300)
  end

  it "retries thrice when the service answers 503 Service Unavailable" do
    expect(Ledger.new.retries_for(503)).to eq(3)
  end
end
"""
NETWORK_SPEC = """\
require "ledger"
RSpec.describe Ledger do
  it "gives up when the upstream has timed out (503 Service Unavailable)" do
    expect(Ledger.new.retries_for(504)).to eq(3), "Net::ReadTimeout should be retried like 503 Service Unavailable"
  end
end
"""


@scenario("rspec/assertion", label="test_failure", heals="")
def _rspec() -> Iterator[Case]:
    files = {"lib/ledger.rb": LEDGER, "spec/ledger_spec.rb": BAD_SPEC}
    yield Case("plain", "rspec", files=files, proof=r"^ +expected: 300$")
    yield Case("documentation", "ruby -v\nrspec --format documentation --order defined", files=files | {"spec/a_rounding_spec.rb": MANY}, proof=r"^ +expected: 300$")
    yield Case("network-words", "bundle -v\nrspec -fp --no-color", files={"lib/ledger.rb": LEDGER, "spec/ledger_spec.rb": NETWORK_SPEC}, proof="should be retried like")
    yield Case("json", "rspec --format json | tee report.json", files=files, proof="expected: 300")
    raises = "require 'ledger'\nRSpec.describe Ledger do\n  it('takes no text') { Ledger.new.post('cy', '7') }\nend\n"
    yield Case("raises", "rspec -f d --backtrace", files={"lib/ledger.rb": LEDGER, "spec/posting_spec.rb": raises}, proof="cents must be an Integer$")


@scenario("rspec/order-dependence", label="flaky_test", heals="rerun_failed_tests")
def _rspec_flaky() -> Iterator[Case]:
    spec = """\
RSpec.describe "session cache" do
  it "starts empty" do
    expect($sessions.to_a).to eq([]), "leaked from another example; passes alone"
  end
  it("keeps a session") { ($sessions ||= []) << :ann; expect($sessions.size).to eq(1) }
end
"""
    rerun = "rspec --order rand:{seed} || {{ echo 'retrying failed examples'; rspec --only-failures && echo 'passed on retry: flaky'; exit 1; }}"
    setup = "RSpec.configure { |c| c.example_status_persistence_file_path = '.rspec_status' }\n"
    for seed in (3, 4, 9, 21):
        files = {"spec/session_spec.rb": setup + spec}
        prepare = f"rspec --order rand:{seed} >/dev/null && exit 3; rm -f .rspec_status"
        if seed in (3, 9):
            yield Case(f"seed-{seed}", rerun.format(seed=seed), files=files, prepare=prepare, proof="passed on retry: flaky|leaked from another example")
    slow = """\
require "timeout"
RSpec.describe "mail worker" do
  it "delivers within the deadline" do
    outbox = []
    Thread.new { sleep 1.4; outbox << :mail }
    Timeout.timeout(0.6) { sleep 0.05 while outbox.empty? }
    expect(outbox).to eq([:mail])
  end
  it("has a name") { expect("mail worker").to start_with("mail") }
end
"""
    yield Case("wait", "rspec -fd", files={"spec/worker_spec.rb": slow}, proof=r"^ +execution expired$")


@scenario("rspec/load-error", label="compile_error", heals="")
def _rspec_load() -> Iterator[Case]:
    yield Case("own-file", "rspec", files={"spec/tax_spec.rb": "require 'tax_table'\nRSpec.describe(TaxTable) {}\n"}, proof=r"cannot load such file -- tax_table")
    broken = {"lib/ledger.rb": LEDGER.replace("  def balance(customer)\n", "  def balance(customer\n"), "spec/ledger_spec.rb": BAD_SPEC}
    yield Case("syntax", "rspec -fd --no-color", files=broken, proof="syntax error, unexpected")
    yield Case("constant", "rspec", files={"spec/x_spec.rb": "RSpec.describe Invoicing::Totals do\nend\n"}, proof="uninitialized constant Invoicing")


@scenario("minitest/assertion", label="test_failure", heals="", needs=("ruby",))
def _minitest() -> Iterator[Case]:
    text = """\
require "minitest/autorun"
class TestParser < Minitest::Test
  def test_disk_full_message
    assert_equal "No space left on device", describe(28)
  end
  def test_timeout_message
    assert_equal "Connection timed out", describe(110)
  end
  60.times { |n| define_method("test_roundtrip_#{n}") { assert_equal n, Integer(n.to_s) } }
  def describe(code)
    { 28 => "No space left on device", 110 => "Operation timed out" }.fetch(code)
  end
end
"""
    yield Case("messages", "ruby test/parser_test.rb --seed 7", files={"test/parser_test.rb": text}, proof=r'^(Expected: "Connection timed out"| +Actual: "Operation timed out")')
    yield Case("verbose", "set -x\nruby -w test/parser_test.rb -v --seed 4", files={"test/parser_test.rb": text}, proof=r'^(Expected: "Connection timed out"| +Actual: "Operation timed out")')
    rake = "require 'rake/testtask'\nRake::TestTask.new { |t| t.pattern = 'test/*_test.rb'; t.verbose = true }\ntask default: :test\n"
    yield Case("by-rake", "rake", files={"Rakefile": rake, "test/parser_test.rb": text}, proof=r'^(Expected: "Connection timed out"| +Actual: "Operation timed out")')
    diff = 'require "minitest/autorun"\ndescribe "menu" do\n  it("renders") { _("<ul><li>Home</li></ul>").must_equal "<ul><li>Start</li></ul>" }\nend\n'
    yield Case("spec", "ruby menu_spec.rb", files={"menu_spec.rb": diff}, proof=r"^(Expected: | +Actual: )")


@scenario("rubocop/offenses", label="lint_error", heals="")
def _rubocop() -> Iterator[Case]:
    config = "AllCops:\n  NewCops: enable\n  SuggestExtensions: false\n  TargetRubyVersion: 3.0\n"
    ugly = "class HttpClient\n  def fetch url, timeout=30\n    retries = 3\n    begin\n      return get(url)\n    rescue Timeout::Error, Errno::ECONNREFUSED => e\n      raise \"connection refused\"\n    end\n  end\nend\n"
    yield Case("progress", "rubocop", files={".rubocop.yml": config, "lib/http_client.rb": ugly}, proof=r"^\S+:\d+:\d+: [CWEF]: ")
    yield Case("emacs", "rubocop --format emacs --fail-level warning", files={".rubocop.yml": config, "lib/http_client.rb": ugly}, proof=r"lib/http_client.rb:\d+:\d+: W: ")
    yield Case("clang", "rubocop -V\nrubocop --no-color --display-style-guide --extra-details", files={".rubocop.yml": config, "lib/http_client.rb": ugly}, proof=r"^\S+:\d+:\d+: [CWEF]: ")
    yield Case("bad-config", "rubocop", files={".rubocop.yml": "Layout/LineLength:\n  Max: 120\nMetrics/Nonsense:\n  Enabled: true\n", "a.rb": "# frozen_string_literal: true\n"}, proof="unrecognized cop or department", label="configuration_error")


@scenario("bundler/unresolvable", label="dependency_conflict", heals="", needs=("bundle",))
def _bundler_conflict() -> Iterator[Case]:
    def gem(name: str, version: str, *needs: str) -> str:
        lines = "".join(f"  s.add_dependency {need}\n" for need in needs)
        return f'Gem::Specification.new do |s|\n  s.name = "{name}"\n  s.version = "{version}"\n  s.summary = "x"\n  s.authors = ["x"]\n  s.files = []\n{lines}end\n'

    files = {
        "vendor/shopcart/shopcart.gemspec": gem("shopcart", "2.1.0", '"moneybag", "~> 1.4"'),
        "vendor/moneybag/moneybag.gemspec": gem("moneybag", "2.0.0"),
        "Gemfile": 'gem "shopcart", path: "vendor/shopcart"\ngem "moneybag", path: "vendor/moneybag"\n',
    }
    yield Case("path-gems", "bundle config set --local path vendor/bundle\nbundle install", files=files, proof=r"^(Bundler could not find compatible versions|.*version solving has failed|Because )")
    yield Case("verbose", "bundle install --local --verbose", files=files, proof=r"^(Bundler could not find compatible versions|.*version solving has failed|Because )")
    fresh = dict(files)
    fresh["vendor/moneybag/moneybag.gemspec"] = gem("moneybag", "1.5.0")
    prepare = "bundle lock --local && echo 'gem \"printer\", path: \"vendor/printer\"' >> Gemfile && mkdir vendor/printer && cat > vendor/printer/printer.gemspec <<'E'\n" + gem("printer", "0.1.0") + "E\n"
    yield Case("frozen", "bundle config set --local deployment true\nbundle install --local", files=fresh, prepare=prepare, proof="^You are trying to install in deployment mode after changing|The dependencies in your gemfile changed|added to the Gemfile")
    ruby = {"Gemfile": 'ruby "3.3.6"\n'}
    yield Case("ruby-version", "bundle install --local", files=ruby, proof="Your Ruby version is", label="configuration_error")


@scenario("bundler/not-there", label="dependency_not_found", heals="", needs=("bundle",))
def _bundler_missing() -> Iterator[Case]:
    yield Case("local", "bundle install --local", files={"Gemfile": 'gem "quantum_invoice", "~> 4.2"\n'}, proof="Could not find gem 'quantum_invoice")
    yield Case("no-gemfile", "bundle install", proof="Could not locate Gemfile", label="configuration_error")


@scenario("gem/bad-upstream", label="service_unavailable", heals="wait", root=True)
def _gem_network() -> Iterator[Case]:
    host = "gems.build.example"
    for name, kind, label, proof in (
        ("503", "503", "service_unavailable", "503 Service Unavailable|bad response Service Unavailable 503"),
        ("429", "429", "rate_limited", "Too Many Requests"),
        ("reset", "reset", "connection_failure", "^connection reset after 1 requests"),
        ("401", "401", "auth_failure", "bad response Unauthorized 401|Unauthorized"),
    ):
        number = port(f"gem-{name}")
        script = f"gem --version\ngem install invoice_pdf --version 3.1.4 --no-document --clear-sources --source http://{host}:{number}/ --verbose"
        yield named(host, Case(name, script, prepare=upstream(number, kind), proof=proof, label=label))
    number = port("gem-refused")
    yield named(host, Case("refused", f"gem install money_talks --clear-sources --source http://{host}:{number}/", proof="Connection refused|Failed to open TCP", label="connection_failure"))
    yield Case("dns", "gem install money_talks --clear-sources --source http://gems.no-such-host.example/", proof="no such name|getaddrinfo|Failed to open TCP", label="dns_failure")
    number = port("gem-tls")
    tls = certificate("self-signed", host) + upstream(number, "ok", "tls=$HOME/server.pem")
    yield named(host, Case("tls", f"gem install money_talks --clear-sources --source https://{host}:{number}/", prepare=tls, proof="certificate verify failed", label="tls_error"))
    number = port("bundle-502")
    yield named(host, Case("bundle-502", "bundle install --retry 1", files={"Gemfile": f'source "http://{host}:{number}"\ngem "rack", "3.0.8"\n'}, prepare=upstream(number, "502"), proof="502|Bad Gateway"))
    number = port("bundle-404")
    index = "mkdir -p $HOME/www/info; printf -- '---\\nrack 3.0.8 0\\n' > $HOME/www/versions; printf -- '---\\n3.0.8 |checksum:0\\n' > $HOME/www/info/rack\n"
    yield named(host, Case("bundle-absent", "bundle install --retry 0", files={"Gemfile": f'source "http://{host}:{number}"\ngem "rack", "3.0.8"\ngem "rackety"\n'}, prepare=index + upstream(number, "ok"), proof="Could not find gem 'rackety'", label="dependency_not_found"))


@scenario("gem/corrupt-package", label="corrupt_artifact", heals="", needs=("gem",))
def _gem_corrupt() -> Iterator[Case]:
    spec = 'Gem::Specification.new do |s|\n  s.name = "tally"\n  s.version = "1.0.0"\n  s.summary = "x"\n  s.authors = ["x"]\n  s.files = ["tally.rb"]\nend\n'
    files = {"tally.gemspec": spec, "tally.rb": "module Tally; end\n" * 400}
    build = "gem build tally.gemspec >/dev/null 2>&1; "
    yield Case("truncated", "gem install --local tally-1.0.0.gem --install-dir gems", files=files, prepare=build + "head -c 700 tally-1.0.0.gem > t && mv t tally-1.0.0.gem", proof="^Exception while verifying")
    yield Case("html", "gem install --local tally-1.0.0.gem -i gems --verbose", files=files, prepare="echo '<html>moved</html>' > tally-1.0.0.gem", proof="package metadata is missing|^ERROR:")
    flip = build + "python3 - <<'E'\nd=bytearray(open('tally-1.0.0.gem','rb').read())\ni=d.find(b'data.tar.gz')+512+60\nd[i]^=255\nopen('tally-1.0.0.gem','wb').write(d)\nE\n"
    yield Case("flipped", "gem install -N --local ./tally-1.0.0.gem -i gems", files=files, prepare=flip, proof="^Exception while verifying|DataError|checksum")


@scenario("ruby/limits", label="out_of_memory", root=True)
def _ruby_limits() -> Iterator[Case]:
    grow = "puts 'loading catalogue'\nrows = []\nloop { rows << ('row ' * 200_000) }\n"
    yield Case("no-memory-error", "ruby import.rb", files={"import.rb": grow}, limits=Limits(address_space_mb=400), proof=r"failed to allocate memory \(NoMemoryError\)")
    rake = "task(:import) { ruby 'import.rb' }\n"
    yield Case("rake-killed", "rake import", files={"import.rb": grow, "Rakefile": rake}, limits=Limits(memory_mb=150), label="unknown")
    opener = "require 'tempfile'\nkept = (1..500).map { |n| File.open('/etc/hostname') }\nputs kept.size\n"
    yield Case("files", "ruby watch.rb", files={"watch.rb": opener}, limits=Limits(open_files=40), proof="Too many open files", label="resource_limit")
    deep = "def walk(n) = n.zero? ? 0 : 1 + walk(n - 1)\nputs walk(9_000)\n"
    yield Case("stack", "ruby -e 'puts RUBY_VERSION'\nRUBY_THREAD_VM_STACK_SIZE=131072 ruby tree.rb", files={"tree.rb": deep + "Thread.new { puts walk(9_000) }.join\n"}, limits=Limits(stack_kb=256), proof="stack level too deep", label="resource_limit")
    yield Case("disk", "ruby export.rb", files={"export.rb": "puts 'exporting'\nFile.open('out.csv', 'w') { |f| 200_000.times { |n| f.puts \"row,#{n},some text here\" } }\n"}, limits=Limits(disk_mb=2), proof=r"No space left on device", label="disk_full")


@scenario("rake/aborted", label="configuration_error", heals="")
def _rake() -> Iterator[Case]:
    yield Case("no-task", "rake deploy:staging", files={"Rakefile": "task(:build) { puts 'built' }\n"}, proof="Don't know how to build task 'deploy:staging'")
    yield Case("no-rakefile", "rake test", proof="No Rakefile found")
    yield Case("missing-var", "rake publish", files={"Rakefile": "task(:publish) { puts \"to #{ENV.fetch('RELEASE_BUCKET')}\" }\n"}, proof='key not found: "RELEASE_BUCKET"')
    yield Case("silent", "set -x\nrake -s all 2>/dev/null", files={"Rakefile": "task(:all) { sh('false', verbose: false) { |ok, _| abort unless ok } }\n"}, label="unknown")
    yield Case("status", "rake all", files={"Rakefile": "task(:all) { sh './ci/step3 --quiet' }\n", "ci/step3": "#!/bin/sh\nexit 7\n"}, prepare="chmod +x ci/step3", label="unknown")


@scenario("ruby/passes", label=PASSED, heals="", needs=("rspec",))
def _passes() -> Iterator[Case]:
    good = BAD_SPEC.replace("eq(300)", "eq(250)")
    yield Case("documentation", "rspec -fd", files={"lib/ledger.rb": LEDGER, "spec/ledger_spec.rb": good, "spec/rounding_spec.rb": MANY})
    again = "n=0; until ruby fetch.rb; do n=$((n+1)); echo \"attempt $n failed: retrying in 0 s\"; done\nrspec -fp"
    fetch = "abort 'Errno::ECONNRESET: Connection reset by peer' unless File.exist?('.second') || !File.write('.second', '')\nputs 'fetched'\n"
    yield Case("after-retry", again, files={"fetch.rb": fetch, "lib/ledger.rb": LEDGER, "spec/ledger_spec.rb": good})
