"""Django, SQLAlchemy, Alembic and SQLite: tests, migrations, locks."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST, _OLD = ready("test"), ready("old")
_ENV = path_of("test")
_SETTINGS = """
SECRET_KEY = "only for tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "library"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "library.db", "TEST": {"NAME": "test_library.db"}}}
ROOT_URLCONF = "library.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
_SITE = {
    "manage.py": "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
    "settings.py": _SETTINGS,
    "library/__init__.py": "",
    "library/models.py": "from django.db import models\n\nclass Book(models.Model):\n    title = models.CharField(max_length=80)\n    shelf = models.IntegerField(default=0)\n\n    def label(self):\n        return f'{self.title} ({self.shelf})'\n",
    "library/urls.py": "from django.http import HttpResponse\nfrom django.urls import path\n\ndef home(request):\n    return HttpResponse('closed', status=503 if 'night' in request.GET else 200)\n\nurlpatterns = [path('', home)]\n",
    "library/migrations/__init__.py": "",
    "library/migrations/0001_initial.py": "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [migrations.CreateModel('Book', [('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')), ('title', models.CharField(max_length=80)), ('shelf', models.IntegerField(default=0))])]\n",
    "library/tests.py": "from django.test import TestCase\nfrom library.models import Book\n\nclass BookTests(TestCase):\n    def setUp(self):\n        self.book = Book.objects.create(title='Tides', shelf=3)\n\n    def test_saved(self):\n        self.assertEqual(Book.objects.count(), 1)\n\n    def test_label(self):\n        self.assertTrue(self.book.label())\n\n    def test_service_unavailable_at_night(self):\n        self.assertEqual(self.client.get('/?night=1').status_code, 503)\n",
}
_FAILING = _SITE["library/tests.py"] + "\n    def test_open_by_day(self):\n        self.assertContains(self.client.get('/'), 'open')\n\n    def test_order(self):\n        Book.objects.create(title='Atlas', shelf=1)\n        self.assertQuerySetEqual(Book.objects.order_by('shelf'), ['Tides', 'Atlas'], transform=str)\n"


@scenario("django/tests", label="test_failure", needs=_NEEDS)
def _tests() -> Iterator[Case]:
    files = {**_SITE, "library/tests.py": _FAILING}
    proof = r"^(?:AssertionError|AttributeError|\S+Error): |^(?:FAIL|ERROR): "
    yield Case("plain", "python manage.py test --noinput", files, _ENV, _TEST, proof)
    yield Case("verbose", "set -x\npython manage.py check\npython manage.py test -v 3 --noinput --timing", files, _ENV, _TEST, proof)
    yield Case("parallel-old", "python -m django --version\npython -Wa manage.py test -v 2 --noinput --parallel 2", files, path_of("old"), _OLD, proof)


@scenario("django/project", label="configuration_error", needs=_NEEDS)
def _project() -> Iterator[Case]:
    yield Case("settings-module", "python manage.py migrate", _SITE, {**_ENV, "DJANGO_SETTINGS_MODULE": "config.production"}, _TEST, r"ModuleNotFoundError: No module named 'config'")
    yield Case("app-not-installed", "set -x\npython manage.py migrate -v 2", {**_SITE, "settings.py": _SETTINGS.replace('"library"]', '"library", "rest_framework"]')}, _ENV, _TEST, r"No module named 'rest_framework'")
    yield Case("postgres-driver", "python manage.py migrate", {**_SITE, "settings.py": _SETTINGS.replace("backends.sqlite3", "backends.postgresql")}, _ENV, _TEST, r"Error loading psycopg|ImproperlyConfigured")
    yield Case("env", "python manage.py migrate --noinput", {**_SITE, "settings.py": _SETTINGS.replace('"only for tests"', '__import__("os").environ["LIBRARY_SECRET"]')}, _ENV, _TEST, r"KeyError: 'LIBRARY_SECRET'")
    yield Case("deploy-check", "python manage.py check --deploy --fail-level WARNING", _SITE, _ENV, _TEST, r"^\?: \(security|SystemCheckError", label="lint_error")


@scenario("django/migrations", label="compile_error", needs=_NEEDS)
def _migrations() -> Iterator[Case]:
    changed = {**_SITE, "library/models.py": _SITE["library/models.py"] + "    isbn = models.CharField(max_length=13, default='')\n"}
    yield Case("missing", "python manage.py makemigrations --check --dry-run", changed, _ENV, _TEST, r"^Migrations for|^\s+[-+~] Add field")
    yield Case("check-noisy", "python manage.py migrate -v 2 --noinput\npython manage.py makemigrations --check -v 3", changed, _ENV, _TEST, r"^Migrations for|^\s+[-+~] Add field")
    second = "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = [('library', '{}')]\n    operations = []\n"
    yield Case("two-heads", "python manage.py migrate --noinput", {**_SITE, "library/migrations/0002_a.py": second.format("0001_initial"), "library/migrations/0002_b.py": second.format("0001_initial")}, _ENV, _TEST, r"CommandError: Conflicting migrations|Conflicting migrations detected")
    yield Case("no-parent", "set -x\npython manage.py migrate", {**_SITE, "library/migrations/0003_c.py": second.format("0002_lost")}, path_of("old"), _OLD, r"NodeNotFoundError")
    yield Case("field", "python manage.py check", {**_SITE, "library/models.py": "from django.db import models\n\nclass Loan(models.Model):\n    book = models.ForeignKey('Bok', models.CASCADE)\n    days = models.CharField()\n    due = models.DateTimeFeild()\n"}, _ENV, _TEST, r"AttributeError: |SystemCheckError|^library\.\S+: \(")


@scenario("django/left-over-database", label="stale_state", needs=_NEEDS)
def _left() -> Iterator[Case]:
    yield Case("test-database", "python manage.py test < /dev/null", _SITE, _ENV, _TEST + "touch test_library.db", r"database .*already exists|Type 'yes' if you would like|test database .* already")
    yield Case("table", "python manage.py migrate --noinput", _SITE, _ENV, _TEST + "sqlite3 library.db 'create table library_book (id integer)' || python - <<'S'\nimport sqlite3; sqlite3.connect('library.db').execute('create table library_book (id)')\nS", r"already exists")
    yield Case("alembic-revision", "alembic upgrade head", {"alembic.ini": "[alembic]\nscript_location = steps\nsqlalchemy.url = sqlite:///plants.db\n", "steps/env.py": "from alembic import context\nfrom sqlalchemy import create_engine\nengine = create_engine('sqlite:///plants.db')\nwith engine.connect() as link:\n    context.configure(connection=link)\n    with context.begin_transaction():\n        context.run_migrations()\n", "steps/versions/a1.py": "revision = 'a1'\ndown_revision = None\n\ndef upgrade():\n    pass\n", "old.py": "import sqlite3\nlink = sqlite3.connect('plants.db')\nlink.execute('create table alembic_version (version_num)')\nlink.execute(\"insert into alembic_version values ('f9e0')\")\nlink.commit()\n"}, _ENV, _TEST + "python old.py", r"Can't locate revision")


@scenario("sqlite/locked", label="stale_state", needs=_NEEDS)
def _locked() -> Iterator[Case]:
    # A process of an earlier run still holds the database's lock.
    hold = "import sqlite3, sys, time\nlink = sqlite3.connect(sys.argv[1], isolation_level=None)\nlink.execute('create table if not exists seed (x)')\nlink.execute('begin exclusive')\nprint('held', flush=True)\ntime.sleep(40)\n"
    start = "(setsid python3 hold.py {0} >/dev/null 2>&1 & echo $! > ../holder)\nsleep 1.5\n{1} || {{ kill $(cat ../holder); exit 1; }}"
    proof = r"database is locked"
    yield Case("script", start.format("plants.db", "python3 seed.py"), {"hold.py": hold, "seed.py": "import sqlite3\nlink = sqlite3.connect('plants.db', timeout=1)\nprint('seeding plants.db')\nlink.execute('insert into seed values (1)')\n"}, proof=proof)
    yield Case("django", start.format("library.db", "python manage.py migrate --noinput -v 2"), {**_SITE, "hold.py": hold, "settings.py": _SETTINGS.replace('"NAME": "library.db"', '"NAME": "library.db", "OPTIONS": {"timeout": 1}')}, _ENV, _TEST, proof)
    yield Case("sqlalchemy", start.format("orders.db", "python -u load.py"), {"hold.py": hold, "load.py": "from sqlalchemy import create_engine, text\nengine = create_engine('sqlite:///orders.db', connect_args={'timeout': 1}, echo=True)\nwith engine.begin() as link:\n    link.execute(text('insert into seed values (2)'))\n"}, _ENV, _TEST, proof)


@scenario("sqlite/damaged", label="corrupt_artifact", needs=_NEEDS)
def _damaged() -> Iterator[Case]:
    proof = r"file is not a database|database disk image is malformed"
    yield Case("not-a-database", "python3 report.py", {"cache.db": "<html>not what you asked for</html>" * 40, "report.py": "import sqlite3\nprint(sqlite3.connect('cache.db').execute('select * from page').fetchall())\n"}, proof=proof)
    yield Case("malformed", "set -x\npython3 report.py", {"make.py": "import sqlite3\nlink = sqlite3.connect('cache.db')\nlink.execute('create table page (text)')\nlink.executemany('insert into page values (?)', [('x' * 900,)] * 300)\nlink.commit()\n", "report.py": "import sqlite3\nfor n, row in enumerate(sqlite3.connect('cache.db').execute('select text from page')):\n    if n % 20 == 0:\n        print('page', n, len(row[0]))\n"}, prepare="python3 make.py; python3 -c \"f = open('cache.db', 'r+b'); f.seek(9 * 4096); f.write(b'\\xff' * 40000)\"", proof=proof)


@scenario("sqlalchemy/tests", label="test_failure", needs=_NEEDS)
def _alchemy() -> Iterator[Case]:
    body = "import pytest\nfrom sqlalchemy import ForeignKey, create_engine, select\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n\nclass Base(DeclarativeBase):\n    pass\n\nclass Guest(Base):\n    __tablename__ = 'guest'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    name: Mapped[str] = mapped_column(unique=True)\n\n@pytest.fixture\ndef session():\n    engine = create_engine('sqlite://', echo=True)\n    Base.metadata.create_all(engine)\n    with Session(engine) as session:\n        yield session\n\ndef test_two_guests(session):\n    session.add_all([Guest(name='Ada'), Guest(name='Ada')])\n    session.commit()\n\ndef test_connection_is_open(session):\n    assert session.scalars(select(Guest)).all() == []\n"
    yield Case("integrity", "pytest -v", {"test_guests.py": body}, _ENV, _TEST, r"^E   +sqlalchemy\.exc|^E   +sqlite3\.|^FAILED")
    flask = "import pytest\nfrom flask import Flask, jsonify\n\napp = Flask(__name__)\n\n@app.get('/rooms/<int:n>')\ndef room(n):\n    if n > 9:\n        raise LookupError(f'no room {n}')\n    return jsonify(beds=2)\n\n@pytest.mark.parametrize('n', [1, 4, 9, 12])\ndef test_room(n):\n    answer = app.test_client().get(f'/rooms/{n}')\n    assert answer.status_code == 200, answer.get_data(as_text=True)\n"
    yield Case("flask-500", "pytest -v -rA", {"tests/test_rooms.py": flask}, _ENV, _TEST, r"^E   +Assertion|LookupError: no room|^FAILED")


@scenario("django/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    yield Case("migrate-and-test", "set -x\npython manage.py check\npython manage.py migrate -v 3 --noinput\npython -Wa manage.py test -v 3 --noinput\npython manage.py makemigrations --check", _SITE, _ENV, _TEST)
    yield Case("parallel", "python manage.py test -v 2 --parallel 2 --debug-mode --timing", _SITE, path_of("old"), _OLD)
