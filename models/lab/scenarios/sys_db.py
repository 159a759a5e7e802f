"""redis, SQLite and MySQL clients, nginx: services beside a build."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import behind, in_steps, listening, noisy, port


def _redis(name: str, options: str = "") -> str:
    number = port(f"redis-{name}")
    return behind(f"redis-server --port {number} --bind 127.0.0.1 --save '' --daemonize no {options}") + listening(number)


@scenario("redis/server", label="auth_failure", needs=("redis-server", "redis-cli"))
@in_steps
def _server() -> Iterator[Case]:
    cli = "set -e; out=$(redis-cli -p {} {}); echo \"$out\"; [ \"$out\" = {} ]"
    yield Case("no-auth", cli.format(port("redis-a"), "ping", "PONG"), prepare=_redis("a", "--requirepass sesame"), proof=r"NOAUTH")
    yield Case("wrong-pass", cli.format(port("redis-b"), "-a wrong ping", "PONG"), prepare=_redis("b", "--requirepass sesame"), proof=r"WRONGPASS|AUTH failed|NOAUTH")
    yield Case("refused", f"redis-cli -p {port('redis-c')} ping", proof=r"Connection refused", label="connection_failure")
    yield Case("clients", f"redis-cli -e -p {port('redis-d')} ping", prepare=_redis("d", "--maxclients 1") + behind(f"redis-cli -p {port('redis-d')} subscribe jobs") + "sleep 0.7", proof=r"max number of clients reached", label="resource_limit")
    yield Case("memory", f"redis-cli -e -p {port('redis-e')} set session:1 $(head -c 60000 /dev/zero | tr '\\0' x)", prepare=_redis("e", "--maxmemory 900kb"), proof=r"OOM command not allowed", label="out_of_memory")
    yield Case("read-only", f"redis-cli -e -p {port('redis-f')} set k v", prepare=_redis("f", "--replicaof 127.0.0.1 9"), proof=r"READONLY|MASTERDOWN", label="configuration_error")
    yield Case("no-host", "redis-cli -h cache.prod.invalid ping", proof=r"Could not connect .*(?:Name or service|not known|resolution)|Name or service not known|Temporary failure", label="dns_failure")
    yield Case("port-held", f"redis-server --port {port('redis-g')} --bind 127.0.0.1 --save ''", prepare=_redis("g"), proof=r"Address already in use|Failed listening|Could not create server TCP", label="stale_state")
    yield Case("config", "redis-server ci/redis.conf", {"ci/redis.conf": "port 0\nmaxmemory-polcy allkeys-lru\n"}, proof=r"FATAL CONFIG FILE ERROR|Bad directive", label="configuration_error")
    yield Case("loading-damaged", f"redis-server --port {port('redis-h')} --dbfilename dump.rdb --dir .", prepare="printf 'REDIS0009\\xfa\\x09redis-ver\\x056.0.1broken' > dump.rdb", proof=r"[Ss]hort read|Internal error in RDB|Unrecoverable error|Fatal error|Wrong signature|corrupt", label="corrupt_artifact")


@scenario("sqlite/file", label="stale_state", needs=("sqlite3",))
@in_steps
def _sqlite() -> Iterator[Case]:
    held = "sqlite3 app.db 'CREATE TABLE t(n)'\n" + behind("python3 -c \"import sqlite3,time; c=sqlite3.connect('app.db'); c.execute('BEGIN EXCLUSIVE'); time.sleep(40)\"") + "sleep 0.7"
    yield Case("locked", "sqlite3 app.db 'INSERT INTO t VALUES (1)'", prepare=held, proof=r"database is locked")
    yield Case("not-a-database", "sqlite3 fixtures.db 'SELECT count(*) FROM users'", prepare="head -c 9000 /dev/urandom > fixtures.db", proof=r"file is not a database", label="corrupt_artifact")
    yield Case("malformed", "sqlite3 fixtures.db 'PRAGMA integrity_check; SELECT sum(length(n)) FROM t; SELECT * FROM t ORDER BY n LIMIT 1'", prepare="sqlite3 fixtures.db \"CREATE TABLE t(n); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<9000) INSERT INTO t SELECT hex(randomblob(20)) FROM c\"; head -c 40000 /dev/urandom | dd of=fixtures.db bs=1 seek=8192 conv=notrunc 2>/dev/null", proof=r"malformed|btree", label="corrupt_artifact")
    yield Case("read-only", "setpriv --reuid=65534 --regid=65534 --clear-groups sqlite3 app.db 'INSERT INTO t VALUES (2)'", prepare="chmod 755 .. .; sqlite3 app.db 'CREATE TABLE t(n)'", env={"HOME": "/"}, proof=r"readonly database", label="configuration_error")
    yield Case("table-exists", "sqlite3 -bail app.db < schema.sql", {"schema.sql": "CREATE TABLE orders(id);\n"}, prepare="sqlite3 app.db 'CREATE TABLE orders(id)'", proof=r"table orders already exists")
    yield Case("open", "sqlite3 var/data/app.db 'SELECT 1; CREATE TABLE x(y)'", proof=r"unable to open database", label="configuration_error")


@scenario("mysql/client", label="connection_failure", needs=("mysql",))
@in_steps
def _mysql() -> Iterator[Case]:
    yield Case("refused", f"mysql -h 127.0.0.1 -P {port('mysql-none')} -u app -psecret -e 'SELECT 1'", proof=r"ERROR 2002|ERROR 2003")
    yield Case("socket", "mysqladmin -u root status", proof=r"connect to server at 'localhost' failed|Can't connect to local")
    yield Case("no-host", "mysqldump -h db.prod.invalid -u app shop > shop.sql", proof=r"Unknown (?:MySQL )?server host|2005", label="dns_failure")
    cut = "python3 -c 'import socket,sys\ns=socket.create_server((\"127.0.0.1\",int(sys.argv[1])))\nwhile True: s.accept()[0].close()' "
    yield Case("lost", f"set -x; mysql -h 127.0.0.1 -P {port('mysql-cut')} -u app -e 'SELECT 1'", prepare=behind(cut + str(port("mysql-cut"))) + listening(port("mysql-cut")), proof=r"ERROR 2013|Lost connection")
    mute = "python3 -c 'import socket,sys\ns=socket.create_server((\"127.0.0.1\",int(sys.argv[1])))\nk=[]\nwhile True: k.append(s.accept())' "
    yield Case("silent", f"mysql --connect-timeout=3 -h 127.0.0.1 -P {port('mysql-mute')} -u app -e 'SELECT 1'", prepare=behind(mute + str(port("mysql-mute"))) + listening(port("mysql-mute")), proof=r"system error: 110|timed out", label="network_timeout")
    yield Case("wait-loop", f"for n in $(seq 4); do mysqladmin ping -h 127.0.0.1 -P {port('mysql-none')} && break; echo \"mysql is not ready ($n)\"; sleep 0.5; done\nmysql -h 127.0.0.1 -P {port('mysql-none')} -u root < schema.sql", {"schema.sql": "SELECT 1;\n"}, proof=r"^ERROR 200|Can't connect")


@scenario("nginx/start", label="configuration_error", needs=("nginx",))
@in_steps
def _nginx() -> Iterator[Case]:
    yield Case("directive", "nginx -t -p $PWD -c site.conf", {"site.conf": "events {}\nhttp { server { listen 8099; proxy_timeouts 30s; } }\n"}, proof=r"unknown directive")
    yield Case("certificate", "nginx -t -p $PWD -c site.conf -g 'error_log stderr;'", {"site.conf": "pid n.pid;\nevents {}\nhttp { server { listen 127.0.0.1:8443 ssl; ssl_certificate tls/site.pem; ssl_certificate_key tls/site.key; } }\n"}, proof=r"cannot load certificate")
    yield Case("upstream", "nginx -t -p $PWD -c site.conf", {"site.conf": "pid n.pid;\nevents {}\nhttp { server { listen 127.0.0.1:8099; location / { proxy_pass http://backend.shop.invalid:8080; } } }\n"}, proof=r"host not found in upstream", label="dns_failure")


@scenario("redis/passes", label=PASSED, needs=("redis-server", "redis-cli"))
def _passes() -> Iterator[Case]:
    number = port("redis-ok")
    yield noisy(Case("session", f"redis-server --port {number} --bind 127.0.0.1 --save '' & p=$!; for n in 1 2 3 4 5 6; do redis-cli -p {number} ping && break; echo 'not yet, retrying'; sleep 0.3; done; redis-cli -p {number} info; redis-cli -p {number} incr a b || true; redis-cli -p {number} shutdown nosave; wait $p || true"), "environment")
    yield Case("limits", "sqlite3 m.db 'CREATE TABLE t(n); INSERT INTO t VALUES (503); SELECT n FROM t'; sqlite3 m.db 'SELECT x FROM none' || echo 'no such table is expected here'", limits=Limits(disk_mb=8))
