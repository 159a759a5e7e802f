"""Databases and their clients as CI starts them: PostgreSQL, MariaDB, Redis, SQLite, memcached."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import named, port

PG = 'export PATH="$(echo /usr/lib/postgresql/*/bin):$PATH"\n'
"""Debian keeps the server's programs off the PATH."""

INITDB = "chmod 711 .. ../project; mkdir -p db run; chown nobody db run; cd db\nsetpriv --reuid=65534 --clear-groups --inh-caps=-all initdb -D data -U ci --auth=trust >/dev/null\ncd ..\n"
AS_NOBODY = "setpriv --reuid=65534 --clear-groups --inh-caps=-all "
SCHEMA = "CREATE TABLE invoice (id serial PRIMARY KEY, customer text NOT NULL, cents int CHECK (cents > 0));\n"


def _up(number: int, options: str = "") -> str:
    """Starts a server on this port for the rest of the script."""
    return (
        f"{AS_NOBODY}pg_ctl -D db/data -w -l run/server.log -o '-p {number} -k /tmp {options}' start\n"
        f"trap '{AS_NOBODY}pg_ctl -D db/data -m immediate stop >/dev/null' EXIT\n"
        f"export PGHOST=127.0.0.1 PGPORT={number} PGUSER=ci PGDATABASE=postgres\n"
    )


@scenario("postgres/start", label="stale_state", heals="reset_state", needs=("pg_config", "setpriv"), root=True)
def _pg_start() -> Iterator[Case]:
    yield Case("initdb-not-empty", PG + f"cd db\n{AS_NOBODY}initdb -D data -U ci", prepare=PG + INITDB, proof='directory "data" exists but is not empty', heals="")
    yield Case("lock-file", PG + _up(port("pg-lock")) + f"{AS_NOBODY}postgres -D db/data -k /tmp -p 28755", prepare=PG + INITDB, proof='lock file "postmaster.pid" already exists', heals="")
    number = port("pg-in-use")
    taken = f"setsid timeout 60 python3 -m http.server --bind 127.0.0.1 {number} >/dev/null 2>&1 < /dev/null & sleep 1\n"
    yield Case("port", PG + f"{AS_NOBODY}pg_ctl -D db/data -w -o '-p {number} -k /tmp' start", prepare=PG + INITDB + taken, proof="Address already in use", heals="")
    corrupt = "printf '\\377\\377\\377' | dd of=db/data/global/pg_control bs=1 seek=120 conv=notrunc 2>/dev/null\n"
    yield Case("control-file", PG + f"{AS_NOBODY}pg_ctl -D db/data -w -o '-p 28756 -k /tmp' start", prepare=PG + INITDB + corrupt, proof="incorrect checksum in control file", label="corrupt_artifact")
    yield Case("root", PG + "initdb -D data", proof="cannot be run as root", label="configuration_error")
    conf = "echo 'max_conections = 50' >> db/data/postgresql.conf\n"
    yield Case("setting", PG + f"{AS_NOBODY}postgres -D db/data -k /tmp -p 28757", prepare=PG + INITDB + conf, proof='unrecognized configuration parameter "max_conections"', label="configuration_error")
    yield Case("disk", PG + INITDB.replace(">/dev/null", ""), limits=Limits(disk_mb=12), proof="No space left on device", label="disk_full")


@scenario("psql/query", label="test_failure", needs=("pg_config", "psql"), root=True)
def _psql() -> Iterator[Case]:
    def case(name: str, script: str, proof: str, label: str, options: str = "", prepare: str = "", **more: object) -> Case:
        return Case(name, PG + _up(port(f"pg-{name}"), options) + script, prepare=PG + INITDB + prepare, proof=proof, label=label, **more)  # type: ignore[arg-type]

    stop = "psql -v ON_ERROR_STOP=1 "
    yield case("exists", f"{stop}-f schema.sql\necho 'second migration run'\n{stop}-f schema.sql", 'relation "invoice" already exists', "stale_state", files={"schema.sql": SCHEMA})
    yield case("syntax", f"{stop}-a -f schema.sql", "ERROR:  syntax error at or near", "compile_error", files={"schema.sql": SCHEMA.replace("text NOT NULL,", "text NOT NULL")})
    yield case("column", f"{stop}-qf schema.sql\n{stop}-c 'SELECT total FROM invoice'", 'column "total" does not exist', "compile_error", files={"schema.sql": SCHEMA})
    yield case("many-clients", "for n in $(seq 30); do psql -c 'select pg_sleep(3)' >/dev/null & done\nsleep 1\npsql -c 'select 1'", "^(psql: )?.*FATAL:  sorry, too many clients already", "resource_limit", "-N 8")
    yield case("no-database", "createdb invoices\npsql -d invoices -c 'select 1'\npsql -d invoice_test -c 'select 1'", 'database "invoice_test" does not exist', "configuration_error")
    auth = "psql -q -c \"ALTER ROLE ci PASSWORD 'right'\" >/dev/null; " + f"{AS_NOBODY}sh -c 'echo host all all 127.0.0.1/32 scram-sha-256 > db/data/pg_hba.conf; pg_ctl -D db/data reload'\n"
    yield case("password", auth + "sleep 1; PGPASSWORD=wrong psql -w -c 'select 1'", "password authentication failed", "auth_failure")
    yield case("statement-timeout", "psql -c \"SET statement_timeout='1s'\" -c 'select count(*) from generate_series(1, 900000000)'", "canceling statement due to statement timeout", "hang")
    locked = f"{stop}-qf schema.sql\npsql -c 'BEGIN; LOCK TABLE invoice; select pg_sleep(6);' >/dev/null & sleep 1\npsql -c \"SET lock_timeout='1s'\" -c 'ALTER TABLE invoice ADD COLUMN paid bool'"
    yield case("lock-timeout", locked, "canceling statement due to lock timeout", "stale_state", files={"schema.sql": SCHEMA})
    check = "psql -qf schema.sql\npsql -v ON_ERROR_STOP=1 -f test.sql"
    yield case("assert", check, "ERROR:  total is 30, expected 35", "test_failure", files={"schema.sql": SCHEMA, "test.sql": "\\timing on\nINSERT INTO invoice (customer, cents) SELECT 'c' || n, 10 FROM generate_series(1, 3) n;\nDO $$ BEGIN IF (SELECT sum(cents) FROM invoice) <> 35 THEN RAISE 'total is %, expected 35', (SELECT sum(cents) FROM invoice); END IF; END $$;\n"})
    yield Case("refused", "psql -h 127.0.0.1 -p 28760 -U ci -c 'select 1'", proof="Connection refused", label="configuration_error")
    yield named("db.staging.example", Case("refused-remote", "for n in 1 2 3; do pg_isready -h db.staging.example -p 28761 || sleep 0.3; done\npsql -h db.staging.example -p 28761 -U ci shop -c 'select 1'", proof=r"Connection refused", label="connection_failure"))
    yield Case("dns", "psql 'host=db.no-such-cluster.example user=ci dbname=shop' -c 'select 1'", proof="could not translate host name", label="dns_failure")
    yield case("restored", "for f in a b; do pg_dump -Fc postgres > $f.dump; done\nhead -c 300 a.dump > cut.dump\npg_restore --list cut.dump\npg_restore -d postgres cut.dump", "could not read from input file: end of file|unexpected end of file|could not read", "corrupt_artifact")
    yield case("passes", f"{stop}-ef schema.sql\nfor n in $(seq 40); do psql -ac \"INSERT INTO invoice (customer, cents) VALUES ('error $n', $n)\"; done\npsql -c 'DROP TABLE IF EXISTS missing'\ntail -5 run/server.log", "", PASSED, files={"schema.sql": SCHEMA})


MARIA = (
    "mkdir -p {dir}; mariadb-install-db --no-defaults --user=root --auth-root-authentication-method=normal --datadir=$PWD/{dir} --skip-test-db >/dev/null 2>&1\n"
)
MARIA_UP = (
    "mariadbd --no-defaults --user=root --datadir=$PWD/data --socket=$PWD/m.sock --pid-file=$PWD/m.pid --port={port} --bind-address=127.0.0.1 --innodb-buffer-pool-size=8M {more} > mariadb.log 2>&1 &\n"
    "for n in $(seq 60); do mariadb-admin --no-defaults -u root -S m.sock ping > /dev/null 2>&1 && break; sleep 0.5; done\ntrap 'kill $(cat m.pid)' EXIT\n"
)


@scenario("mariadb/failures", label="auth_failure", needs=("mariadbd", "mariadb", "mariadb-install-db"), root=True)
def _mariadb() -> Iterator[Case]:
    def case(name: str, script: str, proof: str, label: str, more: str = "") -> Case:
        return Case(name, MARIA_UP.format(port=port(f"maria-{name}"), more=more) + script, prepare=MARIA.format(dir="data"), proof=proof, label=label)

    client = "mariadb --no-defaults -u root -S m.sock "
    yield case("denied", f"{client}-e \"CREATE USER ci IDENTIFIED BY 'right'\"\nmariadb --no-defaults -u ci -pwrong -S m.sock -e 'select 1'", "ERROR 1045 .* Access denied for user", "auth_failure")
    yield case("syntax", f"{client}-v mysql -e 'SELECT 1; SELEC 2'", "ERROR 1064 ", "compile_error")
    yield case("exists", f"{client}-e 'CREATE DATABASE shop'\n{client}-e 'CREATE DATABASE shop'", "ERROR 1007 .* database exists", "stale_state")
    yield case("connections", f"for n in $(seq 14); do {client}-e 'select sleep(3)' >/dev/null 2>&1 & done; sleep 1.5\nmariadb --no-defaults -u nobody -S m.sock -e 'select 1'", "1040 - Too many connections|ERROR 1040 ", "resource_limit", "--max-connections=10")
    number = port("maria-taken")
    taken = f"setsid timeout 60 python3 -m http.server --bind 127.0.0.1 {number} >/dev/null 2>&1 < /dev/null & sleep 1\n"
    yield Case("port", f"mariadbd --no-defaults --user=root --datadir=$PWD/data --socket=$PWD/m.sock --port={number} --bind-address=127.0.0.1", prepare=MARIA.format(dir="data") + taken, proof="Address already in use|Can't start server: Bind on TCP/IP port", label="stale_state")
    damaged = "head -c 65536 /dev/urandom > data/ibdata1\n"
    yield Case("corrupt", "mariadbd --no-defaults --user=root --datadir=$PWD/data --socket=$PWD/m.sock --skip-networking", prepare=MARIA.format(dir="data") + damaged, proof=r"\[ERROR\] (InnoDB|Unknown|Plugin)", label="corrupt_artifact")


@scenario("redis/failures", label="stale_state", heals="reset_state", needs=("redis-server", "redis-cli"))
def _redis() -> Iterator[Case]:
    number = port("redis")
    up = f"redis-server --port {number} --save '' {{more}} > redis.log 2>&1 &\nfor n in $(seq 50); do redis-cli -p {number} ping >/dev/null 2>&1 && break; sleep 0.1; done\ntrap 'kill %1' EXIT\n"
    yield Case("port", up.format(more="") + f"redis-server --port {number} --loglevel verbose", proof="bind: Address already in use", heals="")
    yield Case("aof", "redis-server --port 0 --unixsocket s.sock --appendonly yes", files={"appendonlydir/appendonly.aof.manifest": "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n", "appendonlydir/appendonly.aof.1.base.rdb": "REDIS0010garbage", "appendonlydir/appendonly.aof.1.incr.aof": ""}, proof="(Short read or OOM|Wrong signature|Unexpected EOF|Internal error in RDB|Terminating server after rdb|corrupt)", label="corrupt_artifact")
    yield Case("config", "redis-server redis.ci.conf", files={"redis.ci.conf": "port 0\nmaxmemmory 20mb\n"}, proof="Bad directive or wrong number of arguments|FATAL CONFIG FILE ERROR", label="configuration_error")
    yield Case("auth", up.format(more="--requirepass right") + f"out=$(redis-cli -p {number} -a wrong ping 2>&1); echo \"$out\"; [ \"$out\" = PONG ]", proof="WRONGPASS|NOAUTH|AUTH failed", label="auth_failure")
    yield Case("clients", up.format(more="--maxclients 2") + f"for n in 1 2; do (sleep 4 | redis-cli -p {number} >/dev/null) & done; sleep 1\nredis-cli -e -p {number} ping", proof="max number of clients reached", label="resource_limit")
    yield Case("memory", up.format(more="--maxmemory 1mb") + f"for n in $(seq 9); do echo \"set {number}\"; redis-cli -e -p {number} set key$n \"$(head -c 120000 /dev/zero | tr '\\0' x)\"; done", proof="OOM command not allowed", label="out_of_memory")
    yield Case("refused", "redis-cli -h cache.ci.internal.example -p 28999 ping", proof="Could not connect to Redis", label="dns_failure")


@scenario("sqlite/failures", label="corrupt_artifact", needs=("sqlite3",), root=True)
def _sqlite() -> Iterator[Case]:
    make = "sqlite3 cache.db 'create table t(k text primary key, v text); with recursive n(i) as (select 1 union all select i+1 from n where i<3000) insert into t select i, hex(randomblob(40)) from n;'\n"
    yield Case("malformed", "sqlite3 cache.db 'pragma integrity_check' | tail -3\nsqlite3 -bail cache.db 'select count(v), max(v) from t; delete from t'", prepare=make + "python3 -c \"d=bytearray(open('cache.db','rb').read()); d[8192:90000]=b'x'*(90000-8192); open('cache.db','wb').write(d)\"", proof="malformed")
    yield Case("not-a-database", "sqlite3 fixtures.sqlite .schema", files={"fixtures.sqlite": "version https://git-lfs.example/spec/v1\noid sha256:0001\nsize 40960\n" * 5}, proof="file is not a database")
    held = "setsid python3 -c \"import sqlite3, time; c = sqlite3.connect('cache.db', isolation_level=None); c.execute('begin exclusive'); time.sleep(40)\" > /dev/null 2>&1 < /dev/null & sleep 1\n"
    yield Case("locked", "sqlite3 cache.db 'insert into t values(0, 0)'", prepare=make + held, proof="database is locked", label="stale_state")
    yield Case("full", "sqlite3 -echo big.db < load.sql", files={"load.sql": "create table t(v);\ninsert into t values (randomblob(500000));\n" + "insert into t select randomblob(500000) from t;\n" * 5}, limits=Limits(disk_mb=3), proof="database or disk is full", label="disk_full")
    yield Case("read-only", "sqlite3 -readonly cache.db 'create table u(x)'", prepare=make, proof="attempt to write a readonly database", label="configuration_error")
    yield Case("no-table", "sqlite3 -bail -column -header cache.db < report.sql", prepare=make, files={"report.sql": "select count(*) rows from t;\nselect * from invoices where status = 'timeout';\n"}, proof="no such table: invoices", label="compile_error")
