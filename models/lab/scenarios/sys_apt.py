"""apt and dpkg in a root of their own: packages that are not there, do not fit, are damaged, or are locked."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, SERVER, in_steps, noisy, port, serve

FILES = {"../server.py": SERVER}
NEEDS = ("apt-get", "dpkg-deb", "apt-ftparchive")
# The root's own lists, archives and status; `deb NAME VERSION [control line]` builds a package into its repository.
ROOT = r"""
R=$(realpath ..)/host; P=$R/pool
mkdir -p $R/etc/apt/apt.conf.d $R/etc/apt/preferences.d $R/etc/apt/trusted.gpg.d $R/etc/apt/sources.list.d $R/var/lib/dpkg/updates $R/var/lib/dpkg/info $R/var/lib/apt/lists/partial $R/var/cache/apt/archives/partial $R/var/log/apt $P
: > $R/var/lib/dpkg/status; chmod -R a+rX ..
cat > ../apt.conf <<E
Dir "$R";
Dir::State::status "$R/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
DPkg::Options:: "--root=$R";
DPkg::Options:: "--force-not-root";
APT::Sandbox::User "root";
APT::Architecture "amd64";
Acquire::Languages "none";
Acquire::http::Proxy "http://127.0.0.1:@PORT@";
Acquire::Retries "0";
E
deb() { d=$(mktemp -d); mkdir -p $d/DEBIAN $d/opt/$1; head -c 3000 /dev/urandom > $d/opt/$1/data; printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: Ops <ops@example.com>\nDescription: %s\n' $1 $2 "${ARCH:-amd64}" "$1 of the example" > $d/DEBIAN/control; [ -z "$3" ] || echo "$3" >> $d/DEBIAN/control; [ -z "$POST" ] || { printf '#!/bin/sh\n%s\n' "$POST" > $d/DEBIAN/postinst; chmod 755 $d/DEBIAN/postinst; }; dpkg-deb -b --root-owner-group $d $P/$1_$2_${ARCH:-amd64}.deb >/dev/null; }
index() { mkdir -p ../www/debian/dists/stable/main/binary-amd64; cp -r $P/. ../www/debian/pool 2>/dev/null || { mkdir -p ../www/debian/pool; cp -r $P/. ../www/debian/pool; }; (cd ../www/debian; apt-ftparchive packages pool > dists/stable/main/binary-amd64/Packages; gzip -9kf dists/stable/main/binary-amd64/Packages; apt-ftparchive -o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 release dists/stable > ../R; mv ../R dists/stable/Release); }
sources() { echo "deb [$1] http://deb.example.com/debian stable main" > $R/etc/apt/sources.list; }
deb meterd 2.0 'Depends: libmeter (>= 2)'; deb libmeter 1.4; deb reportgen 0.9; deb oldtool 1.0 'Depends: libgone1'; deb left 1.0 'Conflicts: right'; deb right 1.0
index; sources 'trusted=yes'
"""
APT = "export APT_CONFIG=../apt.conf DEBIAN_FRONTEND=noninteractive\n"


def _apt(name: str, script: str, proof: str, moods: str = "", path: str = "", **more: object) -> Case:
    prepare = ROOT.replace("@PORT@", str(port(f"apt-{name}"))) + serve(f"apt-{name}", moods, path) + APT + str(more.pop("also", ""))
    return Case(name, APT + script, files=FILES, prepare=prepare, proof=proof, **more)  # type: ignore[arg-type]


UPDATED = "apt-get update -qq\n"


@scenario("apt/not-there", label="dependency_not_found", needs=NEEDS)
@in_steps
def _not_there() -> Iterator[Case]:
    yield _apt("locate", "apt-get update\napt-get install -y libmeter-dev", r"Unable to locate package")
    yield _apt("locate-quiet", "apt-get -qq update && apt-get -qq install -y --no-install-recommends reportgen-cli jq-ng", r"Unable to locate package")
    yield _apt("version", "apt-get update && apt-get install -y reportgen=1.2", r"Version '1.2' for 'reportgen' was not found")
    yield _apt("suite", "set -e\napt-get update", r"does not have a Release file|404 +Not Found", also="sed -i 's/stable/oldoldstable/' $R/etc/apt/sources.list\n")
    yield _apt("stale-index", "apt-get install -y reportgen", r"404 +Not Found|Unable to fetch some archives", also=UPDATED + "rm ../www/debian/pool/reportgen*\n")
    yield _apt("not-installable", "apt-get install -y oldtool", r"not installable", also=UPDATED)
    yield noisy(_apt("locate-late", "apt-get update\napt-get install -y --no-install-recommends libgeo9", r"Unable to locate package"), "installed", after=CLEANUP)


@scenario("apt/does-not-fit", label="dependency_conflict", needs=NEEDS)
@in_steps
def _conflict() -> Iterator[Case]:
    yield _apt("unmet", "apt-get update\napt-get install -y meterd", r"unmet dependencies|held broken packages|Depends: libmeter")
    yield _apt("conflicts", "apt-get update -qq; apt-get install -y left right", r"unmet dependencies|held broken packages|Conflicts: right")
    yield _apt("held", "apt-get install -y meterd=2.0 libmeter=1.4", r"unmet dependencies|held broken packages|Depends: libmeter", also=UPDATED)
    yield noisy(_apt("unmet-simulated", "apt-get -s -o Debug::pkgProblemResolver=yes install meterd", r"unmet dependencies|held broken packages|Depends: libmeter", also=UPDATED), "environment")


@scenario("apt/damaged", label="corrupt_artifact", needs=NEEDS)
@in_steps
def _damaged() -> Iterator[Case]:
    yield _apt("deb-hash", "apt-get install -y reportgen", r"Hash Sum mismatch|unexpected size", also=UPDATED + "printf x | dd of=$(ls ../www/debian/pool/reportgen*) bs=1 seek=700 conv=notrunc 2>/dev/null\n")
    yield _apt("index-hash", "apt-get update", r"Hash Sum mismatch|unexpected size", also="sed -i 's/0.9/0.8/' ../www/debian/dists/stable/main/binary-amd64/Packages; gzip -9kf ../www/debian/dists/stable/main/binary-amd64/Packages\n")
    yield _apt("index-short", "apt-get -o Acquire::http::Pipeline-Depth=0 update", r"unexpected size|Hash Sum mismatch|File has", "short*9", "Packages")
    yield Case("dpkg-short", "dpkg -i collector_1.0_amd64.deb", prepare="mkdir -p x/DEBIAN; head -c 9000 /dev/urandom > x/data; printf 'Package: collector\\nVersion: 1.0\\nArchitecture: amd64\\nMaintainer: o <o@example.com>\\nDescription: c\\n' > x/DEBIAN/control; dpkg-deb -b x collector_1.0_amd64.deb; truncate -s 3000 collector_1.0_amd64.deb", proof=r"unexpected end of file|corrupted|truncated|short read")
    yield Case("dpkg-html", "set -x\ndpkg --unpack agent.deb", {"agent.deb": "<!DOCTYPE html>\n<html><title>Sign in</title></html>\n"}, proof=r"not a Debian format archive")
    yield _apt("lists-damaged", "apt-get install -y reportgen", r"Unable to parse package file|could not be parsed|Encountered a section with no Package|Problem with MergeList", also=UPDATED + "f=$(ls $R/var/lib/apt/lists/*_Packages); printf '\\n\\nPac\\0age\\x80: <<<<\\n=======\\n' >> $f; sed -i '3s/.*/Version 0.9/' $f; rm -f $R/var/cache/apt/*.bin\n")


@scenario("apt/mirror", label="service_unavailable", heals="wait", needs=NEEDS)
@in_steps
def _mirror() -> Iterator[Case]:
    yield _apt("update-503", "apt-get update -o APT::Update::Error-Mode=any", r"503 +Service Unavailable", "503*3")
    yield _apt("install-502", "apt-get install -y --download-only reportgen", r"502 +Bad Gateway", "502*1", r"\.deb", also=UPDATED)
    yield noisy(_apt("429", "apt-get install -y -d reportgen libmeter", r"429 +", "429*2", r"\.deb", also=UPDATED, label="rate_limited"), "installed")


@scenario("apt/mirror-for-good", label="connection_failure", needs=NEEDS)
@in_steps
def _for_good() -> Iterator[Case]:
    yield _apt("reset", "apt-get install -y -d reportgen", r"^  Connection failed|^E: Failed to fetch", "reset*9", r"\.deb", also=UPDATED, label="connection_failure")
    yield _apt("refused", "apt-get update --error-on=any", r"Could not connect|Connection refused|Unable to connect", also="sed -i 's/127.0.0.1:[0-9]*/127.0.0.1:9/' ../apt.conf\n", label="connection_failure")
    # Behind a proxy apt says of a silence no more than this.
    yield _apt("stall", "apt-get -o Acquire::http::Timeout=2 update -o APT::Update::Error-Mode=any", r"^  Connection failed|^E: Failed to fetch", "stall*9", label="connection_failure")
    yield _apt("no-host", "apt-get update --error-on=any", r"Could not resolve|Temporary failure resolving", also="sed -i '/Proxy/d' ../apt.conf; sed -i 's/deb.example.com/apt.corp.invalid/' $R/etc/apt/sources.list\n", label="dns_failure")
    yield _apt("rights", "set -x; apt-get install -y -d reportgen", r"401 +Unauthorized", "401*9", r"\.deb", also=UPDATED, label="auth_failure")


@scenario("apt/signatures", label="auth_failure", needs=(*NEEDS, "gpg"))
@in_steps
def _signatures() -> Iterator[Case]:
    sign = "export GNUPGHOME=$(mktemp -d); gpg -q --batch --passphrase '' --quick-gen-key 'Example Archive <a@example.com>' rsa2048 sign {until} 2>/dev/null; (cd ../www/debian/dists/stable; gpg -q --batch --yes --clearsign -o InRelease Release); gpg --export > ../archive.gpg; sources '{option}'\n"
    yield _apt("no-pubkey", "apt-get update", r"NO_PUBKEY", also=sign.format(until="never", option=""))
    yield _apt("unsigned", "apt-get update", r"is not signed", also="sources ''\n", label="configuration_error")
    yield _apt("release-expired", "apt-get update", r"is expired|expired since", also="(cd ../www/debian/dists/stable; sed -i '/^Date/d' Release; sed -i '1i Date: Mon, 03 Feb 2025 10:00:00 UTC\\nValid-Until: Mon, 10 Feb 2025 10:00:00 UTC' Release)\n", label="configuration_error")
    yield _apt("bad-signature", "apt-get update", r"BADSIG|invalid signature|signatures were invalid|Clearsigned file isn't valid", also=sign.format(until="never", option="signed-by='$(realpath ../archive.gpg)'") + "sed -i 's/^Suite: stable/Suite: stabel/' ../www/debian/dists/stable/InRelease\n", label="corrupt_artifact")


@scenario("apt/left-over", label="stale_state", needs=NEEDS)
@in_steps
def _left_over() -> Iterator[Case]:
    def hold(what: str) -> str:
        code = f"import fcntl,time; f=open('../host/{what}','w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(12)"
        return f'setsid timeout 15 python3 -c "{code}" </dev/null >/dev/null 2>&1 &\nsleep 0.7\n'

    yield _apt("frontend-lock", "apt-get install -y reportgen", r"Could not get lock|Unable to acquire the dpkg frontend lock", also=UPDATED + hold("var/lib/dpkg/lock-frontend"))
    yield _apt("lists-lock", "set -x\napt-get update", r"Could not get lock|Unable to lock directory", also=hold("var/lib/apt/lists/lock"))
    yield _apt("archives-lock", "apt-get -o DPkg::Lock::Timeout=2 -y install reportgen", r"Could not get lock|Unable to lock", also=UPDATED + hold("var/cache/apt/archives/lock"))
    yield _apt("interrupted", "apt-get install -y reportgen", r"dpkg was interrupted", also=UPDATED + "touch $R/var/lib/dpkg/updates/0003\n")
    yield _apt("dpkg-lock", "dpkg --root=../host -i ../host/pool/libmeter_1.4_amd64.deb", r"lock was locked by another process|locked by another process", also=hold("var/lib/dpkg/lock"))
    yield noisy(_apt("interrupted-late", "apt-get update\napt-get install -y libmeter", r"dpkg was interrupted", also="touch $R/var/lib/dpkg/updates/0001\n"), "make")


@scenario("dpkg/host", label="configuration_error", needs=NEEDS)
@in_steps
def _host() -> Iterator[Case]:
    yield _apt("architecture", "dpkg -i ../host/pool/agent_3.1_arm64.deb", r"package architecture \(arm64\) does not match", also="ARCH=arm64 deb agent 3.1\n")
    yield _apt("post-install", "apt-get install -y probe", r"post-installation script subprocess returned error|probe\.service|exec format|not found", also="POST='probe-register --now' deb probe 1.0; index\n" + UPDATED)
    yield Case("not-root", "setpriv --reuid=65534 --regid=65534 --clear-groups apt-get install -y tree", prepare="chmod 755 .. .", proof=r"Permission denied|are you root", env={"HOME": "/"})
    yield Case("bad-option", "apt-get install --assume-yes-please curl", proof=r"Command line option .* is not understood")
    yield _apt("sources-line", "apt-get update", r"Malformed entry|Type .* is not known", also="echo 'debs http://deb.example.com/debian stable main' >> $R/etc/apt/sources.list\n")
    yield _apt("no-space", "apt-get install -y bulk", r"don't have enough free space|No space left on device", also="cat >> ../apt.conf <<< \"Dir::Cache::archives \\\"$PWD/archives\\\";\"; mkdir -p archives/partial; d=$(mktemp -d); mkdir -p $d/DEBIAN; head -c 6000000 /dev/urandom > $d/blob; printf 'Package: bulk\\nVersion: 1\\nArchitecture: amd64\\nMaintainer: o <o@example.com>\\nDescription: b\\n' > $d/DEBIAN/control; dpkg-deb -b $d $P/bulk_1_amd64.deb >/dev/null; rm -r $d; index\n" + UPDATED, limits=Limits(disk_mb=3), label="disk_full")


@scenario("apt/passes", label=PASSED, needs=NEEDS)
def _passes() -> Iterator[Case]:
    yield noisy(_apt("survived-503", "apt-get update\napt-get -o Acquire::Retries=3 install -y --download-only reportgen libmeter\napt-cache policy reportgen", "", "503*1", r"\.deb"), "installed")
