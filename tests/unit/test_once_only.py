"""Commands that must not run twice are recognised wherever they stand, and others are not."""

from __future__ import annotations

import json

import pytest

from guard.policy.once_only import once_only
from guard.types import Command

ACTS = [
    "git push origin main", "docker push x/y:1", "docker buildx build --push .", "helm upgrade --install a b", "kubectl -n prod apply -f k.yml",
    "terraform apply -auto-approve", "terraform -chdir=infra apply", "cargo publish", "npm publish --access public", "yarn npm publish", "twine upload dist/*",
    "python -m twine upload dist/*", "poetry publish --build", "uv publish", "gem push a.gem", "mvn -B clean deploy", "./mvnw release:perform",
    "./gradlew publishToSonatype", "gradle :app:uploadArchives", "npm run release", "yarn deploy", "pnpm run db:migrate", "make deploy ENV=prod",
    "sudo make publish", "env A=1 make release", "timeout 5m ./deploy.sh", "python manage.py migrate", "alembic upgrade head", "flyway migrate",
    "bundle exec rails db:migrate", "npx prisma migrate deploy", "npx semantic-release", "aws s3 sync dist s3://bucket", "gcloud run deploy x",
    "curl -X POST https://api.example/deploy", "curl --data @f https://api.example", "ansible-playbook site.yml", "gh release create v1",
    "goreleaser release", "serverless deploy", "cdk deploy --all", "pulumi up -y", "rsync -a dist/ host:/srv", "scp a host:/b", "dotnet nuget push a.nupkg",
    "firebase deploy", "vercel deploy --prod", "php artisan migrate --force", "bash -c 'make && git push'", "cd x && (npm ci; npm publish)",
]
HARMLESS = [
    "make test", "npm test", "npm ci", "npm run build", "cargo test", "cargo build --release", "docker build -t x .", "docker pull x", "git clone https://x.example/y",
    "git fetch --all", "git status", "terraform plan", "terraform init", "kubectl get pods", "helm lint chart", "helm template .", "mvn verify", "mvn -B install",
    "gradle build", "./gradlew publishToMavenLocal", "pytest tests/test_deploy.py", "go test ./...", "curl -fsS https://x.example/a", "npm publish --dry-run",
    "git push --dry-run", "twine check dist/*", "python -m build", "make build-release-notes", "npm run test:migrations", "kubectl apply --dry-run=client -f x",
    "aws s3 cp s3://bucket/a .", "gh release view v1", "echo 'git push'", "cmake --build . --config Release", "rsync -a a/ b/", "make docs",
]


@pytest.mark.parametrize("text", ACTS)
def test_acts(text, tmp_path):
    assert once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path))), text
    assert once_only(Command(("sh", "-c", text), cwd=str(tmp_path))), text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless(text, tmp_path):
    assert once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path))) is None, text


def test_inside_files_of_the_workspace(tmp_path):
    (tmp_path / "ci.sh").write_text("#!/bin/bash\nset -e\nmake\n# git push is not meant here\ntwine upload dist/*\n")
    (tmp_path / "Makefile").write_text("all: build ship-it\nbuild:\n\tcc a.c\nship-it:\n\t@docker push x/y\n")
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"ci": "npm run x && npm publish", "check": "eslint ."}}))
    for argv in (("./ci.sh",), ("bash", "ci.sh"), ("make",), ("make", "all"), ("npm", "run", "ci")):
        assert once_only(Command(argv, cwd=str(tmp_path))), argv
    for argv in (("make", "build"), ("npm", "run", "check")):
        assert once_only(Command(argv, cwd=str(tmp_path))) is None, argv
    assert once_only(Command(("bash", "x"), script_file="ci.sh", cwd=str(tmp_path)))


def test_a_package_json_nested_too_deep_says_nothing(tmp_path):
    (tmp_path / "package.json").write_text("[" * 200_000)
    assert once_only(Command(("npm", "run", "build"), cwd=str(tmp_path))) is None
    from guard.remedies.tools_in_play import package_scripts

    assert package_scripts(str(tmp_path), {"build"}) == []
