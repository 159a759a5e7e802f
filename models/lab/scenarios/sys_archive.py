"""Archives, checksums and signatures: what arrived short, changed or as something else."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, in_steps, noisy

TREE = "mkdir -p data/maps; for n in $(seq 60); do head -c 3000 /dev/urandom > data/maps/tile$n.bin; done\n"
KEY = "export GNUPGHOME=$PWD/../gnupg; mkdir -m 700 ../gnupg; gpg -q --batch --passphrase '' --quick-gen-key 'Release <r@example.com>' rsa2048 sign 1y 2>/dev/null; head -c 5000 /dev/urandom > tool.bin; gpg -q --batch --armor --detach-sign tool.bin; chmod 700 ../gnupg\n"


@scenario("tar/damaged", label="corrupt_artifact", needs=("tar", "gzip", "xz", "unzip", "zip"))
@in_steps
def _damaged() -> Iterator[Case]:
    yield Case("gzip-short", "tar -xzf maps.tgz", prepare=TREE + "tar -czf maps.tgz data; truncate -s 90000 maps.tgz; rm -r data", proof=r"unexpected end of file|Unexpected EOF in archive")
    yield Case("xz-short", "set -x; tar -xJf maps.tar.xz -C \"$TMPDIR\"", prepare=TREE + "tar -cJf maps.tar.xz data; truncate -s 50000 maps.tar.xz", proof=r"Unexpected end of input|Unexpected EOF in archive")
    yield Case("gzip-crc", "gzip -dv maps.gz", prepare="seq 90000 | gzip > maps.gz; printf ZZ | dd of=maps.gz bs=1 seek=4000 conv=notrunc 2>/dev/null", proof=r"crc error|format violated|length error")
    yield Case("not-gzip", "tar xzf sdk.tar.gz", {"sdk.tar.gz": "<html><body>Please log in to continue</body></html>\n"}, proof=r"not in gzip format")
    yield Case("not-tar", "tar -xf toolchain.tar", prepare="head -c 20000 /dev/urandom > toolchain.tar", proof=r"does not look like a tar archive")
    yield Case("zip-short", "unzip -q assets.zip", prepare=TREE + "zip -qr assets.zip data; truncate -s 80000 assets.zip; rm -r data", proof=r"End-of-central-directory signature not found|cannot find zipfile directory")
    yield Case("zip-crc", "unzip -t assets.zip", prepare="seq 9000 > a.txt; zip -q0 assets.zip a.txt; printf ZZ | dd of=assets.zip bs=1 seek=9000 conv=notrunc 2>/dev/null", proof=r"bad CRC")
    yield Case("zstd-short", "echo 'Restoring cache (41 MB)'\nzstd -d --long=27 cache.tzst -o cache.tar\ntar -xf cache.tar", prepare=TREE + "tar -cf - data | zstd -q > cache.tzst; truncate -s 60000 cache.tzst", proof=r"premature end|Read error|unexpected end|Decoding error|block.*corrupt")
    yield Case("7z", "7z x -y model.7z", prepare=TREE + "7z a -bd model.7z data >/dev/null; truncate -s 70000 model.7z", proof=r"ERROR: |Unexpected end of archive|Can not open|Headers Error|Is not archive")
    yield Case("bzip2", "bzip2 -dk dump.sql.bz2", prepare="seq 90000 | bzip2 > dump.sql.bz2; printf 'QQQQ' | dd of=dump.sql.bz2 bs=1 seek=9000 conv=notrunc 2>/dev/null", proof=r"Data integrity error|data integrity \(CRC\) error")
    yield Case("python-zip", "python3 -m zipfile -e plugin.zip out", prepare="printf 'PK\\3\\4 not really' > plugin.zip", proof=r"BadZipFile")
    yield noisy(Case("cache-restored", "echo 'Cache hit for: deps-linux-5f2a'\ntar -xz -f cache.tgz --totals", prepare=TREE + "tar -czf cache.tgz data; truncate -s 120000 cache.tgz; rm -r data", proof=r"unexpected end of file|Unexpected EOF in archive"), "make", after=CLEANUP)


@scenario("sha256sum/mismatch", label="corrupt_artifact", needs=("sha256sum", "gpg"))
@in_steps
def _sums() -> Iterator[Case]:
    yield Case("many", "sha256sum --check SHA256SUMS", prepare=TREE + "sha256sum data/maps/* > SHA256SUMS; echo x >> data/maps/tile7.bin", proof=r"tile7\.bin: FAILED|did NOT match")
    yield Case("strict-quiet", "sha512sum -c --quiet --strict sums", prepare=TREE + "sha512sum data/maps/* > sums; truncate -s 10 data/maps/tile31.bin", proof=r"tile31\.bin: FAILED|did NOT match")
    yield Case("gpg-bad", "export GNUPGHOME=$PWD/../gnupg\ngpg --verify tool.bin.asc tool.bin", prepare=KEY + "echo x >> tool.bin", proof=r"BAD signature")
    yield Case("gpg-no-key", "export GNUPGHOME=$PWD/../empty; mkdir -m 700 ../empty\ngpg --verify tool.bin.asc tool.bin", prepare=KEY, proof=r"No public key", label="auth_failure")
    yield Case("gpg-no-secret", "export GNUPGHOME=$PWD/../empty; mkdir -m 700 ../empty\ngpg --batch --detach-sign --local-user release@example.com tool.bin", prepare=KEY, proof=r"No secret key|no default secret key", label="auth_failure")
    yield Case("cmp", "gcc -c a.c -o one.o; gcc -g -c a.c -o two.o\ncmp one.o two.o || { echo 'builds are not reproducible: one.o differs from two.o'; exit 1; }", {"a.c": "int a;\n"}, proof=r"not reproducible|differ", label="unknown")


@scenario("tar/no-space", label="disk_full", needs=("tar", "unzip", "zip"), root=True)
@in_steps
def _space() -> Iterator[Case]:
    big = "head -c 9000000 /dev/zero > ../logs.bin; (cd ..; tar -czf logs.tgz logs.bin; zip -q logs.zip logs.bin; gzip -kf logs.bin); rm ../logs.bin\n"
    yield Case("extract", "tar -xzf ../logs.tgz", prepare=big, limits=Limits(disk_mb=3), proof=r"No space left on device|Wrote only")
    yield Case("unzip", "unzip ../logs.zip", prepare=big, limits=Limits(disk_mb=3), proof=r"No space left on device|write error \(disk full\?\)")
    yield Case("gunzip", "set -x; gzip -dc ../logs.bin.gz > logs.bin", prepare=big, limits=Limits(disk_mb=3), proof=r"No space left on device")
    yield Case("sort-temp", "seq 900000 | sort -r -S 1M > sorted.txt", limits=Limits(temp_mb=2), proof=r"No space left on device")
    yield Case("inodes", "mkdir cache; for n in $(seq 300); do echo $n > cache/$n; done", limits=Limits(disk_mb=20, inodes=100), proof=r"No space left on device")
    yield Case("rsync", "rsync -a /usr/include/linux/ headers/", limits=Limits(disk_mb=2), proof=r"No space left on device")
    yield Case("mkdir-temp", "work=$(mktemp -d)\nhead -c 4000000 /dev/zero > $work/image\nmkfs.ext4 -q $work/image", limits=Limits(temp_mb=2), proof=r"No space left on device")
    yield noisy(Case("here-document", "head -c 6000000 /dev/zero > \"$TMPDIR/layer.tar\"\necho packed", limits=Limits(temp_mb=3), proof=r"No space left on device"), "unittest", after=CLEANUP)
    yield Case("database", "sqlite3 metrics.db < load.sql", {"load.sql": "CREATE TABLE m(t TEXT);\nWITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60000) INSERT INTO m SELECT hex(randomblob(90)) FROM c;\n"}, limits=Limits(disk_mb=3), proof=r"database or disk is full")


@scenario("tar/passes", label=PASSED, needs=("tar", "zip"))
def _passes() -> Iterator[Case]:
    yield noisy(Case("sums", "sha256sum data/maps/* > S; sha256sum -c S; tar -cvzf all.tgz data; gzip -tv all.tgz; zip -r all.zip data; unzip -t all.zip; sha256sum -c missing 2>&1 || echo 'no checksum file, skipped'", prepare=TREE), "environment")
