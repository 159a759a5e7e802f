"""Container and cluster clients: a daemon out of reach, compose files and manifests that are wrong."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.sys_common import CLEANUP, SERVER, in_steps, noisy, port, serve

COMPOSE = "version: '3.8'\nservices:\n  web:\n    image: shop-web:1\n    ports: ['8080:80']\n"
DOCKERFILE = {"Dockerfile": "FROM debian:12\nCOPY . /app\nRUN make -C /app\n"}
FILES = {"../server.py": SERVER}


@scenario("docker/daemon", label="infrastructure", needs=("docker",))
@in_steps
def _daemon() -> Iterator[Case]:
    yield Case("build", "DOCKER_BUILDKIT=0 docker build -t shop-web:$(date +%s) .", DOCKERFILE, env={"DOCKER_HOST": ""}, proof=r"Cannot connect to the Docker daemon")
    yield Case("ps", "set -x\ndocker version || true\ndocker ps -a", env={"DOCKER_HOST": "unix:///run/docker-lab.sock"}, proof=r"Cannot connect to the Docker daemon")
    yield noisy(Case("pull-after-tests", "docker pull shop-web:1", env={"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}, proof=r"Cannot connect to the Docker daemon"), "unittest", after=CLEANUP)
    yield Case("tcp-refused", "docker info", env={"DOCKER_HOST": f"tcp://127.0.0.1:{port('docker-none')}"}, proof=r"Cannot connect to the Docker daemon|connection refused")
    yield Case("dind-host", "docker run --rm alpine:3.20 true", env={"DOCKER_HOST": "tcp://docker.invalid:2375"}, proof=r"no such host|lookup docker", label="dns_failure")
    yield Case("compose", "docker-compose up -d", {"docker-compose.yml": COMPOSE}, env={"DOCKER_HOST": "unix:///run/docker-lab.sock"}, proof=r"docker\.errors\.DockerException|Couldn't connect to Docker daemon|FileNotFoundError")
    waits = "for n in 1 2 3; do docker info >/dev/null 2>&1 && break; echo \"waiting for docker ($n/3)\"; sleep 1; done\ndocker info"
    yield Case("waited-for", waits, env={"DOCKER_HOST": "unix:///var/run/docker-lab.sock"}, proof=r"Cannot connect to the Docker daemon")


def _engine(name: str, moods: str = "") -> tuple[str, dict[str, str]]:
    """What stands for an engine behind a web server, and the variable that names it."""
    text = "mkdir -p ../www && echo OK > ../www/_ping\n" + serve(f"engine-{name}", moods, "(?!/_ping)")
    return text, {"DOCKER_HOST": f"tcp://127.0.0.1:{port(f'engine-{name}')}", "DOCKER_API_VERSION": "1.43"}


@scenario("docker/engine-answers", label="infrastructure", needs=("docker", "python3"))
@in_steps
def _answers() -> Iterator[Case]:
    made, env = _engine("500", "500*99")
    yield Case("internal-error", "docker create shop-web:1", FILES, env=env, prepare=made, proof=r"500")
    made, env = _engine("cut", "empty*99")
    yield Case("eof", "docker inspect shop-web:1", FILES, env=env, prepare=made, proof=r"EOF|error during connect")


@scenario("docker/client-side", label="configuration_error", needs=("docker", "docker-compose"))
@in_steps
def _client() -> Iterator[Case]:
    yield Case("no-dockerfile", "docker build -t shop .", {"app.py": ""}, env={"DOCKER_BUILDKIT": "0"}, proof=r"unable to prepare context|Dockerfile")
    yield Case("no-context", "DOCKER_BUILDKIT=0 docker build -f docker/Dockerfile services/web", {"docker/Dockerfile": "FROM x"}, proof=r"unable to prepare context|not found")
    yield Case("bad-reference", "docker pull Shop/Web:latest:1", proof=r"invalid reference format")
    yield Case("tag-empty", 'docker tag shop-web "registry.example/shop/web:$GIT_TAG"', env={"GIT_TAG": ""}, proof=r"not a valid repository/tag|invalid reference format")
    yield Case("unknown-flag", "docker run --gpu all shop-web:1 true", proof=r"unknown flag: --gpu")
    yield Case("no-buildx", "docker buildx build --platform linux/arm64 .", DOCKERFILE, proof=r"unknown command|is not a docker command|unknown flag|unknown shorthand")
    yield Case("no-compose-plugin", "set -x\ndocker compose up -d --wait db", {"docker-compose.yml": COMPOSE}, proof=r"unknown (?:command|shorthand flag)|is not a docker command")
    yield Case("bad-memory", "docker run --rm --memory 12xx shop-web ./bench", env={"DOCKER_HOST": "unix:///run/docker-lab.sock"}, proof=r"invalid argument .12xx")
    yield Case("context", "docker --context staging ps", proof=r"context .staging|context not found")
    yield Case("password-stdin", "docker login -u ci registry.example", proof=r"[Cc]annot perform an interactive login from a non TTY|password")


@scenario("docker/compose-file", label="configuration_error", needs=("docker-compose",))
@in_steps
def _compose() -> Iterator[Case]:
    def one(name: str, text: str, proof: str, script: str = "docker-compose config -q", **more: str) -> Case:
        return Case(name, script, {"docker-compose.yml": text, **more}, proof=proof)

    yield one("yaml", COMPOSE + "  db:\n   image: postgres\n     ports: [5432]\n", r"yaml\.(?:scanner|parser)|mapping values|did not find expected|ERROR: yaml")
    yield one("unknown-key", COMPOSE + "    restarts: always\n", r"Unsupported config option|Additional properties|ERROR: The Compose file")
    yield one("missing-env-file", COMPOSE + "    env_file: [.env.ci]\n", r"Couldn't find env file")
    yield one("undefined-volume", COMPOSE + "    volumes: ['orders:/data']\n", r"no declaration was found|undefined volume")
    yield one("depends-on", COMPOSE + "    depends_on: [cache]\n", r"depends on service .cache. which is undefined")
    yield one("variable-required", COMPOSE.replace("shop-web:1", "'shop-web:${WEB_TAG:?tag of the image is required}'"), r"tag of the image is required|Missing mandatory value")
    yield Case("no-file", "docker-compose up -d", {}, proof=r"Can't find a suitable configuration file")


@scenario("kubectl/cluster", label="connection_failure", needs=("kubectl",))
@in_steps
def _cluster() -> Iterator[Case]:
    def config(name: str, server: str) -> dict[str, str]:
        return {f"{name}.kubeconfig": f"apiVersion: v1\nkind: Config\ncurrent-context: ci\nclusters: [{{name: ci, cluster: {{server: '{server}'}}}}]\ncontexts: [{{name: ci, context: {{cluster: ci, user: ci}}}}]\nusers: [{{name: ci, user: {{token: t}}}}]\n"}

    yield Case("refused", "kubectl --kubeconfig ci.kubeconfig rollout status deployment/shop", config("ci", f"http://127.0.0.1:{port('kube-none')}"), proof=r"connection refused|was refused")
    yield Case("no-host", "kubectl --kubeconfig ci.kubeconfig get pods", config("ci", "https://k8s.prod.invalid:6443"), proof=r"no such host", label="dns_failure")
    yield Case("stalls", "kubectl --kubeconfig ci.kubeconfig get ns --request-timeout=2s", config("ci", f"http://127.0.0.1:{port('kube-stall')}") | FILES, prepare=serve("kube-stall", "stall*99"), proof=r"Timeout exceeded|timed out|deadline exceeded", label="network_timeout")
    yield Case("unavailable", "kubectl --kubeconfig ci.kubeconfig get deployments", config("ci", f"http://127.0.0.1:{port('kube-503')}") | FILES, prepare=serve("kube-503", "503*99"), proof=r"currently unable to handle the request|ServiceUnavailable", label="service_unavailable")
    yield Case("unauthorized", "kubectl --kubeconfig ci.kubeconfig get secrets -n shop", config("ci", f"http://127.0.0.1:{port('kube-401')}") | FILES, prepare=serve("kube-401", "401*99"), proof=r"Unauthorized|must be logged in|provide credentials", label="auth_failure")
    yield Case("forbidden", "kubectl --kubeconfig ci.kubeconfig delete job migrate", config("ci", f"http://127.0.0.1:{port('kube-403')}") | FILES, prepare=serve("kube-403", "403*99"), proof=r"[Ff]orbidden", label="auth_failure")
    yield Case("tls", "kubectl --kubeconfig ci.kubeconfig version", config("ci", f"https://127.0.0.1:{port('kube-plain')}") | FILES, prepare=serve("kube-plain"), proof=r"server gave HTTP response to HTTPS client|tls: ", label="tls_error")


@scenario("kubectl/manifests", label="configuration_error", needs=("kubectl",))
@in_steps
def _manifests() -> Iterator[Case]:
    good = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {selector: {matchLabels: {app: shop}}, template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: web, image: shop-web:1}]}}}\n"
    yield Case("yaml", "kubectl create --dry-run=client --validate=false -o yaml -f deploy.yaml", {"deploy.yaml": good.replace("metadata: {name", "metadata: [name")}, proof=r"error (?:parsing|converting)|yaml: ")
    yield Case("missing-file", "kubectl kustomize overlays/prod", {"overlays/prod/kustomization.yaml": "resources: [../../base]\n"}, proof=r"no such file|must resolve to|accumulating resources")
    yield Case("patch-target", "set -e; kubectl kustomize k8s", {"k8s/kustomization.yaml": "resources: [d.yaml]\npatches:\n- target: {kind: Deployment, name: shop}\n  path: p.yaml\n", "k8s/d.yaml": good, "k8s/p.yaml": "- op: replace\n  path: /spec/replicas/min\n  value: 3\n"}, proof=r"error: |doc is missing path|Unable to")
    yield Case("no-context", "kubectl --context prod apply --dry-run=client -f d.yaml", {"d.yaml": good}, env={"KUBECONFIG": "none"}, proof=r"context \"prod\" does not exist|context was not found")


@scenario("docker/passes", label=PASSED, needs=("docker-compose", "kubectl"))
def _passes() -> Iterator[Case]:
    yield noisy(Case("config", "docker-compose config; kubectl kustomize k8s; docker info > /dev/null 2>&1 || echo 'no daemon here, error ignored'", {"docker-compose.yml": COMPOSE, "k8s/kustomization.yaml": "resources: [c.yaml]\n", "k8s/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\ndata: {retry: '503,504', memory: 512Mi}\n"}, env={"DOCKER_HOST": "unix:///run/docker-lab.sock"}), "unittest")
