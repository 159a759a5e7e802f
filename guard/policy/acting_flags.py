"""How the words of programs are read: dry runs, options with a value, verbs of clouds, SQL that writes: data for `acts`."""

from __future__ import annotations

import re

# What says "only show what would be done": to some programs `-n` is a namespace, a name or the text of a note, and `-h` a host.
DRY_RUN_EVERYWHERE = frozenset({"--dry-run", "--dryrun", "--dry_run", "--help", "--version", "--no-publish", "--what-if"})
DRY_RUNS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("git", "make", "gmake", "rsync", "rake", "just", "hg"), frozenset({"-n", "--just-print", "--recon"})),
    **dict.fromkeys(
        ("ansible-playbook", "changeset"), frozenset({"--check", "-C", "--syntax-check", "--list-tasks", "--list-hosts"})
    ),
    **dict.fromkeys(("gradle", "gradlew"), frozenset({"-m"})),
    "alembic": frozenset({"--sql"}),
    "cap": frozenset({"-n", "-T"}),
}
# Programs of which only so many words can name what is done; what follows is the name of something.
FIRST_WORDS: dict[str, int] = {
    **dict.fromkeys(("git", "svn", "hg", "terraform", "tofu", "npm", "helm", "alembic", "twine", "poetry", "uv", "cf"), 1),
    **dict.fromkeys(("cargo", "gh", "glab", "pnpm", "yarn"), 2),
}
# program -> options whose value is the next word
TAKES_VALUE: dict[str, frozenset[str]] = {
    "git": frozenset({"-C", "-c", "--git-dir", "--work-tree"}),
    **dict.fromkeys(
        ("npm", "pnpm", "yarn", "bun"),
        frozenset({"--prefix", "-C", "--dir", "--cwd", "-w", "--workspace", "--filter", "-F", "--registry"}),
    ),
    **dict.fromkeys(
        ("make", "gmake", "ninja"), frozenset({"-C", "--directory", "-f", "--file", "--makefile", "-I", "-o", "-W"})
    ),
    **dict.fromkeys(
        ("kubectl", "oc", "helm"),
        frozenset({"-n", "--namespace", "--context", "--kube-context", "--kubeconfig", "-f", "--filename"}),
    ),
    **dict.fromkeys(
        ("psql", "redis-cli", "mysql"), frozenset({"-h", "--host", "-p", "--port", "-U", "-u", "-a", "-n", "-d"})
    ),
    "ssh": frozenset("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w".split()),
    **dict.fromkeys(
        ("docker", "podman"),
        frozenset({"--context", "-H", "--host", "--config", "-l", "--log-level", "-f", "--file", "-p"}),
    ),
    "alembic": frozenset({"-n", "--name", "-c", "--config", "-x"}),
    **dict.fromkeys(
        ("aws", "az", "gcloud"),
        frozenset(
            "--region --profile --output --query --endpoint-url --project -o -n --name -g --resource-group --subscription".split()
        ),
    ),
    **dict.fromkeys(("terraform", "tofu", "serverless", "sls"), frozenset({"--stage", "--region", "-s", "-r"})),
    **dict.fromkeys(("gh", "glab"), frozenset({"-R", "--repo"})),
}
# program -> how its verbs begin that change something
CLOUD_VERBS: dict[str, re.Pattern[str]] = dict.fromkeys(
    ("aws", "az", "gcloud", "gsutil", "doctl", "hcloud", "linode-cli", "oci", "ibmcloud", "scw", "exo"),
    re.compile(
        r"\A(?:create|delete|update|put|deploy|start|stop|terminate|run|send|publish|invoke|register|deregister|attach|detach"
        r"|modify|reboot|restart|restore|import|upload|submit|add|remove|enable|disable|promote|rollback|tag|untag|cancel|sync"
        r"|cp|mv|rm|rsync|up)(?:-|\Z)"
    ),
)
# Words of clouds that begin like a verb and are the name of a service.
CLOUD_SERVICES = frozenset({"run", "deploy", "tag"})
# program -> options that carry a text, options that name a file of it
SQL_CLIENTS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "psql": (frozenset({"-c", "--command"}), frozenset({"-f", "--file"})),
    **dict.fromkeys(("mysql", "mariadb"), (frozenset({"-e", "--execute"}), frozenset[str]())),
    "sqlcmd": (frozenset({"-Q", "-q"}), frozenset({"-i"})),
    **dict.fromkeys(
        ("clickhouse-client", "cockroach"), (frozenset({"-q", "--query", "-e", "--execute"}), frozenset({"--queries-file"}))
    ),
    "cqlsh": (frozenset({"-e", "--execute"}), frozenset({"-f", "--file"})),
    **dict.fromkeys(("mongosh", "mongo"), (frozenset({"--eval"}), frozenset({"--file"}))),
}
SQL_WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE\s+\w|DELETE\s+FROM|DROP\s+\w|ALTER\s+\w|CREATE\s+\w|TRUNCATE\b|GRANT\b|REVOKE\b|MERGE\s+INTO"
    r"|REPLACE\s+INTO|CALL\s+\w|COPY\s+\w+[^;]*\bFROM\b)|\.(?:insert|update|delete|remove|drop|create|replace|rename)\w*\(",
    re.IGNORECASE,
)
REDIS_WRITES = frozenset(
    "SET SETEX MSET DEL UNLINK FLUSHALL FLUSHDB LPUSH RPUSH PUBLISH INCR DECR XADD HSET HDEL SADD SREM ZADD EXPIRE RENAME EVAL "
    "RESTORE".split()
)
# Programs that only show, search, test or install what their words name.
SAYING = frozenset(
    "echo printf cat grep egrep fgrep rg ag sed awk gawk head tail less ls test [ [[ which type man hash whereis file wc sort diff cmp "
    "stat cp mv rm mkdir rmdir touch ln chmod chown tar zip unzip gzip basename dirname read return exit export local readonly declare "
    "typeset unset set alias trap for case select in apt apt-get aptitude dnf yum apk brew choco snap pacman pip pip3 pipx conda mamba "
    "go asdf rustup gem pytest jest vitest mocha git true false : cd pushd popd umask ulimit".split()
)
