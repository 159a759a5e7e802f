"""PostgreSQL: servers that are not up, will not let us in, are full, or hold what an earlier run left."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.sys_common import CLEANUP, behind, in_steps, noisy, port

AS = "setpriv --reuid=postgres --regid=postgres --clear-groups --reset-env env PATH=$PATH "
NEEDS = ("pg_ctl", "initdb", "psql", "setpriv")


def _server(name: str, *, auth: str = "trust", settings: str = "", then: str = "", mount_mb: int = 0, start: bool = True) -> str:
    """A server of this name's port with the data folder ../pg; `then`: statements run in it as its superuser."""
    number = port(f"pg-{name}")
    text = "chmod 755 .. .; mkdir -p ../pg\n"
    if mount_mb:
        text += f"mount -t tmpfs -o size={mount_mb}m tmpfs ../pg\n"
    text += f"chown postgres ../pg; printf sesame > ../pw; chmod 644 ../pw\n{AS} initdb -D ../pg -A {auth} --pwfile=../pw -U postgres -E UTF8 -N >/dev/null\n"
    text += f"printf \"port={number}\\nlisten_addresses='127.0.0.1'\\nunix_socket_directories=''\\nfsync=off\\n{settings}\\n\" >> ../pg/postgresql.conf\n"
    if not start:
        return text
    text += behind(f"{AS} postgres -D ../pg") + f"for i in $(seq 100); do pg_isready -q -h 127.0.0.1 -p {number} && break; sleep 0.1; done\n"
    if then:
        text += f"PGPASSWORD=sesame psql -q -h 127.0.0.1 -p {number} -U postgres -v ON_ERROR_STOP=1 <<'E' >/dev/null\n{then}\nE\n"
    return text


def _env(name: str, **more: str) -> dict[str, str]:
    return {"PGHOST": "127.0.0.1", "PGPORT": str(port(f"pg-{name}")), "PGUSER": "postgres", "PGDATABASE": "postgres", **more}


@scenario("psql/not-up", label="connection_failure", heals="wait", needs=NEEDS, root=True)
@in_steps
def _not_up() -> Iterator[Case]:
    # It comes up some seconds later, as a service container does that was not waited for.
    late = _server("late", start=False) + f"later() {{ sleep 6; exec {AS} postgres -D ../pg; }}; export -f later\n" + behind("later")
    yield Case("refused", "psql -c 'SELECT 1'", env=_env("late"), prepare=late, proof=r"Connection refused")
    yield noisy(Case("createdb-refused", "set -x\ncreatedb orders_test", env=_env("late2"), prepare=late.replace(str(port("pg-late")), str(port("pg-late2"))), proof=r"Connection refused"), "environment", after=CLEANUP)


@scenario("psql/out-of-reach", label="connection_failure", needs=NEEDS)
@in_steps
def _out_of_reach() -> Iterator[Case]:
    yield Case("socket", "psql -U app orders -c 'SELECT now()'", env={"PGHOST": "", "PGPORT": str(port("pg-none"))}, proof=r"No such file or directory")
    yield Case("no-host", "pg_dump -h db.staging.invalid -U app orders > dump.sql", proof=r"could not translate host name", label="dns_failure")
    silent = behind(f"python3 -c 'import socket\ns=socket.create_server((\"127.0.0.1\",{port('pg-mute')}))\nk=[]\nwhile True: k.append(s.accept())'")
    yield Case("silent", "PGCONNECT_TIMEOUT=3 psql -c 'SELECT 1'", env=_env("mute"), prepare=silent + "sleep 0.5", proof=r"timeout expired", label="network_timeout")
    yield Case("never-ready", "for n in 1 2 3; do pg_isready && break; sleep 1; done\npg_isready || { echo 'database service did not become ready in 3 s'; exit 1; }", env=_env("none"), proof=r"did not become ready|no response", label="connection_failure")


@scenario("psql/rights", label="auth_failure", needs=NEEDS, root=True)
@in_steps
def _rights() -> Iterator[Case]:
    yield Case("password", "psql -c 'SELECT 1'", env=_env("pw", PGPASSWORD="wrong"), prepare=_server("pw", auth="scram-sha-256"), proof=r"password authentication failed")
    yield Case("no-password", "psql -w -c 'SELECT 1'", env=_env("nopw"), prepare=_server("nopw", auth="scram-sha-256"), proof=r"no password supplied")
    yield Case("table", "psql -v ON_ERROR_STOP=1 -U reporter -c 'SELECT count(*) FROM payroll'", env=_env("tab"), prepare=_server("tab", then="CREATE ROLE reporter LOGIN; CREATE TABLE payroll(n int);"), proof=r"permission denied for table payroll")
    yield Case("create-database", "createdb -U reporter nightly", env=_env("cdb"), prepare=_server("cdb", then="CREATE ROLE reporter LOGIN;"), proof=r"permission denied to create database")
    yield Case("hba", "psql -U app -d postgres -c 'SELECT 1'", env=_env("hba"), prepare=_server("hba") + "printf 'host all postgres 127.0.0.1/32 trust\\n' > ../pg/pg_hba.conf; kill -HUP $(head -1 ../pg/postmaster.pid); sleep 0.5", proof=r"no pg_hba.conf entry")


@scenario("psql/description", label="configuration_error", needs=NEEDS, root=True)
@in_steps
def _description() -> Iterator[Case]:
    yield Case("role", "psql -U shop_ci -c 'SELECT 1'", env=_env("role"), prepare=_server("role"), proof=r"role \"shop_ci\" does not exist")
    yield Case("database", "psql -d shop_test -f schema.sql", {"schema.sql": "SELECT 1;\n"}, env=_env("db"), prepare=_server("db"), proof=r"database \"shop_test\" does not exist")
    yield Case("file", "psql -v ON_ERROR_STOP=1 -f db/structure.sql", env=_env("file"), prepare=_server("file"), proof=r"structure.sql: No such file")
    yield Case("ssl", "PGSSLMODE=require psql -c 'SELECT 1'", env=_env("ssl"), prepare=_server("ssl"), proof=r"server does not support SSL")
    yield Case("extension", "psql -v ON_ERROR_STOP=1 -f ext.sql", {"ext.sql": "CREATE EXTENSION postgis_raster;\n"}, env=_env("ext"), prepare=_server("ext"), proof=r"postgis_raster")
    yield Case("as-root", "pg_ctl -D ../pg -w start", prepare=_server("root", start=False), proof=r"cannot be run as root")
    yield Case("setting", f"{AS} pg_ctl -D $PWD/../pg -w -t 5 start", prepare=_server("setting", settings="shared_bufers=1GB", start=False), proof=r"unrecognized configuration parameter")
    migration = "BEGIN;\nALTER TABLE customers ADD COLUMN vat_id text;\nALTER TABLE invoice ADD COLUMN due date;\nCOMMIT;\n"
    # The project's own SQL is wrong.
    yield noisy(Case("migration", "for f in migrations/*.sql; do echo \"== $f\"; psql -v ON_ERROR_STOP=1 -f $f; done", {"migrations/001_base.sql": "CREATE TABLE customers(id int);\n", "migrations/002_vat.sql": migration}, env=_env("mig"), prepare=_server("mig"), proof=r"relation \"invoice\" does not exist", label="compile_error"), "unittest")
    yield Case("sql-syntax", "psql -v ON_ERROR_STOP=1 -1 -f seed.sql", {"seed.sql": "CREATE TABLE rooms(id serial, name text);\nINSERT INTO rooms(name) VALUE ('blue');\n"}, env=_env("syn"), prepare=_server("syn"), proof=r"syntax error at or near", label="compile_error")


@scenario("psql/limits", label="resource_limit", needs=NEEDS, root=True)
@in_steps
def _limits() -> Iterator[Case]:
    busy = "max_connections=4\\nsuperuser_reserved_connections=1"
    hold = "".join(behind("psql -h 127.0.0.1 -p {port} -U app -d postgres -c 'SELECT pg_sleep(60)'") for _ in range(4)) + "sleep 1.5\n"
    yield Case("clients", "psql -U app -c 'SELECT 1'", env=_env("max"), prepare=_server("max", settings=busy, then="CREATE ROLE app LOGIN;") + hold.replace("{port}", str(port("pg-max"))), proof=r"too many clients already|remaining connection slots are reserved")
    yield Case("role-limit", "set -x\nfor n in 1 2 3; do psql -U app -c 'SELECT pg_sleep(2)' & done\npsql -U app -c \"SELECT pg_sleep(1), 'last'\" || exit 2", env=_env("rl"), prepare=_server("rl", then="CREATE ROLE app LOGIN CONNECTION LIMIT 1;"), proof=r"too many connections for role")
    yield Case("shared-memory", f"{AS} pg_ctl -D $PWD/../pg -w -t 5 start", prepare=_server("shm", settings="shared_buffers=900GB\\nhuge_pages=off\\nshared_memory_type=mmap", start=False), proof=r"could not map anonymous shared memory|Cannot allocate memory", label="out_of_memory")
    yield Case("statement-timeout", "psql -v ON_ERROR_STOP=1 -c \"SET statement_timeout='1s'; SELECT count(*) FROM generate_series(1,100000000)\"", env=_env("st"), prepare=_server("st"), proof=r"canceling statement due to statement timeout", label="hang")


@scenario("psql/full", label="disk_full", needs=NEEDS, root=True)
@in_steps
def _full() -> Iterator[Case]:
    fill = "CREATE TABLE readings AS SELECT g, repeat(md5(g::text), 40) AS t FROM generate_series(1, 100000) g;"
    script = f"trap 'umount -l ../pg' EXIT\npsql -v ON_ERROR_STOP=1 -c \"{fill}\""
    yield Case("table", script, env=_env("fill"), prepare=_server("fill", mount_mb=80, settings="wal_level=minimal\\nmax_wal_senders=0\\nmax_wal_size=32MB"), proof=r"No space left on device")


@scenario("psql/left-over", label="stale_state", needs=NEEDS, root=True)
@in_steps
def _left_over() -> Iterator[Case]:
    yield Case("database", "createdb shop_test\npsql -d shop_test -c 'SELECT 1'", env=_env("old"), prepare=_server("old", then="CREATE DATABASE shop_test;"), proof=r"already exists")
    yield Case("in-use", "psql -v ON_ERROR_STOP=1 -c 'DROP DATABASE IF EXISTS shop_test'", env=_env("use"), prepare=_server("use", then="CREATE DATABASE shop_test;") + behind(f"psql -h 127.0.0.1 -p {port('pg-use')} -U postgres -d shop_test -c 'SELECT pg_sleep(60)'") + "sleep 1", proof=r"being accessed by other users")
    yield Case("pid-file", f"{AS} pg_ctl -D $PWD/../pg -w -t 5 start", prepare=_server("pid"), proof=r"another server might be running|postmaster.pid|lock file")
    yield Case("port", f"{AS} initdb -D $PWD/../pg2/d -U postgres >/dev/null && {AS} postgres -D ../pg2/d -p $PGPORT -c listen_addresses=127.0.0.1 -c unix_socket_directories=", env=_env("prt"), prepare=_server("prt") + "mkdir ../pg2; chown postgres ../pg2", proof=r"Address already in use")
    yield Case("not-empty", f"{AS} initdb -D $PWD/../pg -U postgres", prepare=_server("ne", start=False), proof=r"exists but is not empty")
    yield Case("type", "psql -v ON_ERROR_STOP=1 -f up.sql", {"up.sql": "CREATE TYPE mood AS ENUM ('sad', 'ok');\n"}, env=_env("typ"), prepare=_server("typ", then="CREATE TYPE mood AS ENUM ('sad');"), proof=r"type \"mood\" already exists")


@scenario("psql/race", label="flaky_test", needs=NEEDS, root=True)
@in_steps
def _race() -> Iterator[Case]:
    one = "BEGIN; UPDATE seats SET n = n + 1 WHERE id = {a}; SELECT pg_sleep(1.5); UPDATE seats SET n = n + 1 WHERE id = {b}; COMMIT;"
    script = f"echo 'test_two_bookings_at_once ...'\npsql -q -v ON_ERROR_STOP=1 -c \"{one.format(a=1, b=2)}\" & first=$!\nsleep 0.3\ncode=0; psql -q -v ON_ERROR_STOP=1 -c \"{one.format(a=2, b=1)}\" || code=$?\nwait $first || code=$?\n[ $code = 0 ] && echo ok || {{ echo 'FAILED test_two_bookings_at_once'; exit 1; }}"
    yield Case("deadlock", script, env=_env("dead"), prepare=_server("dead", then="CREATE TABLE seats(id int, n int); INSERT INTO seats VALUES (1, 0), (2, 0);"), proof=r"deadlock detected")
    serial = "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT sum(n) FROM seats; SELECT pg_sleep(1); UPDATE seats SET n = n + 1 WHERE id = {a}; COMMIT;"
    script = f"psql -q -v ON_ERROR_STOP=1 -c \"{serial.format(a=1)}\" & one=$!\ncode=0; psql -q -v ON_ERROR_STOP=1 -c \"{serial.format(a=2)}\" || code=3\nwait $one || code=3\nexit $code"
    yield Case("serialization", script, env=_env("ser"), prepare=_server("ser", then="CREATE TABLE seats(id int, n int); INSERT INTO seats VALUES (1, 0), (2, 0);"), proof=r"could not serialize access")
    checks = {"expected.txt": " total \n-------\n    42\n(1 row)\n\n", "total.sql": "SELECT sum(n) AS total FROM (VALUES (40), (3)) v(n);\n"}
    yield Case("wrong-sum", "psql -f total.sql > got.txt\ndiff -u expected.txt got.txt", checks, env=_env("sum"), prepare=_server("sum"), proof=r"^\+    43|^-    42", label="test_failure")
    yield Case("constraint", "psql -v ON_ERROR_STOP=1 -f fixtures.sql", {"fixtures.sql": "CREATE TABLE pets(id int PRIMARY KEY);\nINSERT INTO pets VALUES (1), (2), (1);\n"}, env=_env("con"), prepare=_server("con"), proof=r"duplicate key value violates", label="unknown")


@scenario("psql/passes", label=PASSED, needs=NEEDS, root=True)
def _passes() -> Iterator[Case]:
    sql = "CREATE TABLE log(line text);\nINSERT INTO log SELECT 'connection ' || g || ' timed out, retried' FROM generate_series(1, 300) g;\nSELECT * FROM log;\nDROP TABLE IF EXISTS missing;\nSELECT nothing FROM missing;\n"
    yield Case("with-errors", "psql -a -f demo.sql; createdb postgres || echo 'already there'; pg_dump -v -t log > dump.sql", {"demo.sql": sql}, env=_env("ok"), prepare=_server("ok"))
