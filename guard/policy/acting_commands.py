"""Programs, sub-commands, tasks and goals that act on the world outside the job: data for `once_only`."""

from __future__ import annotations

import re

# program -> sub-commands (any position before options end) that act on the world outside the job
SUBCOMMANDS: dict[str, frozenset[str]] = {
    "git": frozenset({"push", "send-email"}),
    "svn": frozenset({"commit", "ci", "copy", "cp", "delete", "import"}),
    "hg": frozenset({"push"}),
    "docker": frozenset({"push"}),
    "podman": frozenset({"push"}),
    "buildah": frozenset({"push"}),
    "skopeo": frozenset({"copy", "sync", "delete"}),
    "crane": frozenset({"push", "copy", "delete", "tag"}),
    "oras": frozenset({"push", "copy"}),
    "cosign": frozenset({"sign", "attest"}),
    "helm": frozenset({"upgrade", "install", "uninstall", "delete", "rollback", "push"}),
    "helmfile": frozenset({"apply", "sync", "destroy"}),
    "kubectl": frozenset(
        {"apply", "create", "delete", "replace", "patch", "rollout", "scale", "set", "drain", "annotate", "label", "run", "expose", "edit",
         "autoscale", "cordon", "taint"}
    ),
    "oc": frozenset({"apply", "create", "delete", "replace", "patch", "rollout", "start-build"}),
    "kustomize": frozenset(),
    "argocd": frozenset({"sync"}),
    "flux": frozenset({"reconcile", "bootstrap"}),
    "terraform": frozenset({"apply", "destroy", "import", "taint"}),
    "tofu": frozenset({"apply", "destroy", "import", "taint"}),
    "terragrunt": frozenset({"apply", "destroy", "apply-all", "run-all"}),
    "pulumi": frozenset({"up", "update", "destroy", "import"}),
    "cdk": frozenset({"deploy", "destroy", "bootstrap"}),
    "sam": frozenset({"deploy", "delete"}),
    "serverless": frozenset({"deploy", "remove"}),
    "sls": frozenset({"deploy", "remove"}),
    "cargo": frozenset({"publish", "yank", "release"}),
    "npm": frozenset({"publish", "unpublish", "deprecate", "dist-tag", "version"}),
    "pnpm": frozenset({"publish"}),
    "yarn": frozenset({"publish"}),
    "bun": frozenset({"publish"}),
    "lerna": frozenset({"publish", "version"}),
    "changeset": frozenset({"publish", "version"}),
    "nx": frozenset({"release"}),
    "twine": frozenset({"upload"}),
    "poetry": frozenset({"publish"}),
    "uv": frozenset({"publish"}),
    "flit": frozenset({"publish"}),
    "hatch": frozenset({"publish"}),
    "pdm": frozenset({"publish"}),
    "gem": frozenset({"push", "yank"}),
    "dotnet": frozenset({"push"}),
    "nuget": frozenset({"push"}),
    "pod": frozenset({"trunk"}),
    "mix": frozenset({"hex.publish", "ecto.migrate", "ecto.rollback"}),
    "cabal": frozenset({"upload"}),
    "stack": frozenset({"upload"}),
    "conan": frozenset({"upload"}),
    "gh": frozenset({"release", "workflow", "create", "edit", "delete", "merge", "close", "reopen", "comment", "upload", "set"}),
    "glab": frozenset({"release", "create", "update", "delete", "merge", "close", "note", "upload"}),
    "goreleaser": frozenset({"release"}),
    "jreleaser": frozenset({"release", "full-release", "deploy", "publish"}),
    "fastlane": frozenset({"release", "deploy", "deliver", "pilot", "upload_to_app_store", "beta"}),
    "ansible-playbook": frozenset(),
    "vercel": frozenset({"deploy", "promote"}),
    "netlify": frozenset({"deploy"}),
    "firebase": frozenset({"deploy"}),
    "wrangler": frozenset({"deploy", "publish"}),
    "fly": frozenset({"deploy"}),
    "flyctl": frozenset({"deploy"}),
    "heroku": frozenset({"container:release", "releases:rollback"}),
    "cf": frozenset({"push"}),
    "nomad": frozenset({"run", "stop", "dispatch"}),
    "skaffold": frozenset({"run", "deploy", "apply"}),
    "vault": frozenset({"write", "put", "delete", "patch"}),
    "consul": frozenset({"put", "delete"}),
    "etcdctl": frozenset({"put", "del"}),
    "supabase": frozenset({"push", "deploy"}),
    "railway": frozenset({"up", "deploy"}),
    "eas": frozenset({"submit", "update"}),
    "amplify": frozenset({"push", "publish"}),
    "notarytool": frozenset({"submit"}),
    "vsce": frozenset({"publish"}),
    "ovsx": frozenset({"publish"}),
    "jf": frozenset({"upload", "u", "push", "promote", "publish", "bp", "build-publish"}),
    "jfrog": frozenset({"upload", "u", "push", "promote", "publish", "bp", "build-publish"}),
    "s3cmd": frozenset({"put", "sync", "del", "mv", "cp"}),
    "azcopy": frozenset({"copy", "sync", "remove", "cp"}),
    "puppet": frozenset({"apply"}),
    "hub": frozenset({"release", "push", "create"}),
    "atlas": frozenset({"apply"}),
    "phinx": frozenset({"migrate", "rollback"}),
    "yoyo": frozenset({"apply", "rollback"}),
    "console": frozenset({"doctrine:migrations:migrate", "doctrine:schema:update"}),
    "eb": frozenset({"deploy"}),
    "alembic": frozenset({"upgrade", "downgrade"}),
    "flask": frozenset({"upgrade", "downgrade"}),
    "django-admin": frozenset({"migrate", "flush", "loaddata"}),
    "manage.py": frozenset({"migrate", "flush", "loaddata"}),
    "flyway": frozenset({"migrate", "clean", "undo", "repair"}),
    "liquibase": frozenset({"update", "rollback", "drop-all", "dropAll"}),
    "dbmate": frozenset({"up", "migrate", "rollback"}),
    "knex": frozenset({"migrate:latest", "migrate:up", "migrate:rollback", "seed:run"}),
    "sequelize": frozenset({"db:migrate", "db:seed"}),
    "sequelize-cli": frozenset({"db:migrate", "db:seed"}),
    "prisma": frozenset({"deploy", "push", "reset"}),
    "typeorm": frozenset({"migration:run", "migration:revert"}),
    "rails": frozenset({"db:migrate", "db:rollback", "db:seed"}),
    "rake": frozenset({"db:migrate", "db:rollback", "db:seed", "release"}),
    "artisan": frozenset({"migrate"}),
    "migrate": frozenset({"up", "down"}),
    "goose": frozenset({"up", "down"}),
    "sqitch": frozenset({"deploy", "revert"}),
    "semantic-release": frozenset(),
    "rclone": frozenset({"copy", "sync", "move"}),
}
# These act whenever they run.
ALWAYS = frozenset({"semantic-release", "ansible-playbook", "release-it", "np", "standard-version", "bumpversion", "bump2version", "msmtp", "sendmail", "kamal", "cap", "capistrano",
     "mail", "mailx", "mutt", "swaks", "gh-pages", "surge", "pg_restore", "mongorestore", "mysqlimport"})
READING = frozenset({"view", "list", "ls", "status", "history", "get", "download", "diff", "plan", "describe", "--check"})
# A script, target or task whose name says that it acts on the world.
TASK = re.compile(
    r"(?:\A|[:_.\-/ ])(?:re)?(?:deploy(?:ment)?|publish|release|upload|push|migrate|migrations?|promote|rollout|rollback|provision|ship)"
    r"(?:\Z|[:_.\-/ ])",
    re.IGNORECASE,
)
TASK_HARMLESS = re.compile(r"(?:\A|[:_.\-/ ])(?:dry[-_]?run|test|tests|check|lint|build|verify|docs|notes?)(?:\Z|[:_.\-/ ])", re.IGNORECASE)
TASK_RUNNERS = frozenset({"make", "gmake", "just", "task", "mage", "invoke", "inv", "nox", "tox", "rake", "ant", "gulp", "grunt", "earthly", "dagger"})
SCRIPT_RUNNERS = frozenset({"npm", "pnpm", "yarn", "bun", "composer", "hatch", "pdm", "poe", "nx", "turbo", "lerna"})
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
MAVEN_GOALS = re.compile(r"\A(?:deploy|site-deploy|release:(?!clean)\w+|[\w.:-]*(?:deploy|nexus-staging|central-publishing)[\w.-]*:(?:deploy|release|publish)[\w-]*|flyway:(?:migrate|clean)|liquibase:update|jib:build|docker:push)\Z")
GRADLE_TASKS = re.compile(
    r"(?:\A|:)(?:publish(?!\w*ToMavenLocal\b)\w*|upload\w*|deploy\w*|release|closeAndRelease\w*|flywayMigrate|jib|dockerPush\w*"
    r"|(?!(?:test|check|verify|validate|prepare|generate|clean)[A-Z])[a-z]\w*(?:Deploy|Publish|Upload|Push))\Z"
)
