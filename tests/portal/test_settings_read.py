"""How the environment is read: an empty value is none, an odd one stops the start and says what to repair."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import checks
from portal.bootstrap import environment, folders, values
from portal.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M))
REQUIRED = {
    "SECRET_KEY": "k" * 50,
    "ALLOWED_HOSTS": "portal.example.cn",
    "DATABASE_URL": "postgresql://portal:secret@/portal",
}
# One process for many environments: each is put in place, then settings.py runs anew. Answers one JSON line.
READER = """
import json, os, re, runpy, sys
from portal.bootstrap.failure import Failure
answers = []
for environment in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(environment)
    try:
        found = runpy.run_path("portal/settings.py")
        settings = {name: repr(value) for name, value in found.items() if name.isupper()}
        answers.append({name: re.sub(" at 0x[0-9a-f]+", "", value) for name, value in settings.items()})
    except Failure as failure:
        answers.append(str(failure))
    except Exception as error:
        answers.append(f"TRACEBACK {error!r}")
print(json.dumps(answers))
"""


def read(*environments: dict[str, str]) -> list:
    """The settings of each environment, or the words that refused it."""
    done = subprocess.run(
        [sys.executable, "-c", READER],
        cwd=ROOT,
        env={**os.environ, "DEBUG": "1"},
        input=json.dumps([{**REQUIRED, **each} for each in environments]),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_what_the_example_says_is_what_a_server_has_without_it():
    """The example named the mail server's backend; without the line mails went to the log."""
    said = {name: value for name, value in EXAMPLE.items() if value and name not in REQUIRED}
    unset, *others = read({}, *({name: value} for name, value in said.items()))
    assert isinstance(unset, dict)
    assert {name: found for name, found in zip(said, others, strict=True) if found != unset} == {}


def test_an_empty_value_counts_as_none():
    """an empty STATIC_ROOT was the working folder. Every setting of the example, and its file."""
    optional = set(EXAMPLE) - set(REQUIRED)
    unset, *others = read(
        {},
        dict.fromkeys(optional, ""),
        dict.fromkeys(optional, " \t"),
        {f"{name}_FILE": "" for name in optional},
        {f"{name}_FILE": os.devnull for name in optional},
    )

    assert isinstance(unset, dict)
    assert [other == unset for other in others] == [True] * 4
    assert unset["STATIC_ROOT"] == repr(ROOT / "var" / "static")


def test_the_example_can_be_copied_as_it_is():
    (settings,) = read({**EXAMPLE, **REQUIRED})

    assert isinstance(settings, dict), settings
    assert settings["STATIC_ROOT"] == repr(ROOT / "var" / "static")
    assert settings["PRIVATE_ROOT"] == repr(ROOT / "var" / "private")


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_a_required_value_left_empty_is_named(name):
    answers = read({name: ""}, {name: "  "}, {f"{name}_FILE": os.devnull})

    assert [answer.split("：")[0] for answer in answers] == [f"设置 {name}"] * 3


def test_odd_values_are_refused_with_the_name_of_the_setting():
    numbers = [name for name, value in EXAMPLE.items() if value.isdigit() and name != "WEB_WORKERS"]
    odd = [
        (name, value) for name in numbers for value in ("abc", "²", "-1", "1.5", "1 # one", '"1"', "9" * 30)
    ]
    odd += [
        ("DEBUG", "maybe"),
        ("SECRET_KEY", "'" + "k" * 50 + "'"),
        ("ALLOWED_HOSTS", "https://portal.example.cn"),
        ("ALLOWED_HOSTS", "a.example.cn，b.example.cn"),
        ("ALLOWED_HOSTS", "a.example.cn b.example.cn"),
        ("ALLOWED_HOSTS", "portal.example.cn:8000"),
        ("DATABASE_URL", "mysql://a@b/c"),
        ("DATABASE_URL", "postgresql://a:b@c:port/d"),
        ("DATABASE_URL", "postgresql://a:b/c@d/e"),
        ("DATABASE_URL", "postgresql://a:[@d/e"),
        ("DATABASE_URL", "postgresql://a:b@c"),
        ("LOG_LEVEL", "LOUD"),
        ("STATIC_ROOT", "~/static"),
        ("STATIC_ROOT", str(ROOT / "manage.py")),
        ("PRIVATE_ROOT", '""'),
        ("SECRET_KEY_FILE", "/nowhere/key"),
        ("SECRET_KEY_FILE", sys.executable),
        ("DATABASE_URL_FILE", str(ROOT)),
    ]

    answers = read(*({name: value} for name, value in odd))

    wrong = [
        (name, value, answer)
        for (name, value), answer in zip(odd, answers, strict=True)
        if not isinstance(answer, str) or not answer.startswith(f"设置 {name}：")
    ]
    assert wrong == []


def test_a_refusal_does_not_repeat_a_secret():
    (answer,) = read({"DATABASE_URL": "postgresql://portal:Geheim/1@host/name"})

    assert "Geheim" not in answer


def test_a_command_ends_with_the_words_alone():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, **REQUIRED, "TRUSTED_PROXY_COUNT": "two"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "设置 TRUSTED_PROXY_COUNT：“two”应为 0 到 20 的整数" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["MESSAGE_GATEWAY", "UPLOAD_SCANNER", "EMAIL_BACKEND"])
@pytest.mark.parametrize(
    "path", ["portal.nothing.send", "portal.gateways.nothing", "word", "portal.gateways.log"]
)
def test_named_code_that_cannot_be_used_is_told_at_start(settings, name, path):
    """messages stayed unsent and uploads failed, and `check --deploy` was clean."""
    assert checks.named_code_exists() == []
    setattr(settings, name, path)

    (fault,) = checks.named_code_exists()
    assert f"设置 {name}：“{path}”不能使用" in fault.msg
    with pytest.raises(Failure, match=name):
        checks.refuse_unusable_code()


def test_nothing_but_the_reader_looks_into_the_environment():
    """The kind, not the example: a setting read by hand would take an empty value for one."""
    reads = re.compile(r"os\.environ(\.get)?[\[(]\s*\"(?!PATH\")|getenv")
    apps = [ROOT / name for name in ("portal", "residents", "bases", "review")]
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for app in apps
        for path in app.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if reads.search(line) and not re.search(r"os\.environ\[\"\w+\"\] = ", line)
    ]
    assert found == []


HERE = {"STATIC_ROOT": ROOT / "var" / "static", "PRIVATE_ROOT": ROOT / "var" / "private"}


@pytest.mark.parametrize(
    "changed",
    [
        {"STATIC_ROOT": ROOT},
        {"STATIC_ROOT": ROOT.parent},
        {"STATIC_ROOT": Path("/")},
        {"STATIC_ROOT": ROOT / "var"},
        {"STATIC_ROOT": ROOT / "static"},
        {"STATIC_ROOT": ROOT / "portal" / "collected"},
        {"STATIC_ROOT": ROOT / ".git"},
        {"STATIC_ROOT": ROOT / "var" / ".." / "templates"},
        {"STATIC_ROOT": ROOT / "var" / "private"},
        {"STATIC_ROOT": ROOT / "var" / "private" / "static"},
        {"PRIVATE_ROOT": ROOT},
        {"PRIVATE_ROOT": ROOT / "static" / "uploads"},
        {"PRIVATE_ROOT": ROOT / "var" / "static" / "uploads"},
        {"PRIVATE_ROOT": ROOT / "bases"},
    ],
)
def test_folders_that_hold_one_another_or_the_code_are_refused(changed):
    assert folders.faults(HERE) == []
    assert folders.faults({**HERE, **changed}) != []


def test_a_link_to_the_project_is_the_project(tmp_path):
    (tmp_path / "link").symlink_to(ROOT)

    assert folders.faults({**HERE, "STATIC_ROOT": tmp_path / "link"}) != []
    assert folders.faults({**HERE, "STATIC_ROOT": tmp_path / "link" / "portal"}) != []
    assert folders.faults({**HERE, "STATIC_ROOT": tmp_path / "own"}) == []


def test_the_start_refuses_such_folders():
    answers = read(
        {"STATIC_ROOT": "."},
        {"STATIC_ROOT": str(ROOT.parent)},
        {"PRIVATE_ROOT": str(ROOT / "static")},
        {"STATIC_ROOT": "/srv/portal", "PRIVATE_ROOT": "/srv/portal/uploads"},
        {"STATIC_ROOT": "/srv/portal", "PORTAL_POSTGRES_HOME": "/srv/portal/postgres"},
    )

    assert [isinstance(answer, str) and answer.startswith("设置 ") for answer in answers] == [True] * 5


def test_what_a_caller_left_empty_comes_from_the_env_file(tmp_path, monkeypatch):
    """A `.env` copied from the example has an empty SECRET_KEY: `make run` makes one."""
    (tmp_path / ".env").write_text("DEBUG=\nSECRET_KEY=\nLOG_LEVEL=ERROR\nEXPORT_DAYS='\nAPI_KEY_FILE=/x\n")
    for name in ("DEBUG", "SECRET_KEY", "PATH", "LOG_LEVEL", "EXPORT_DAYS", "API_KEY", "API_KEY_FILE"):
        monkeypatch.setenv(name, os.environ["PATH"] if name == "PATH" else "")
    monkeypatch.setenv("API_KEY", "of the caller")

    environment.prepare(tmp_path)

    assert os.environ["DEBUG"] == "1"
    assert os.environ["LOG_LEVEL"] == "ERROR"
    assert os.environ["SECRET_KEY"] == (tmp_path / "var" / "secret_key").read_text()
    assert os.environ["EXPORT_DAYS"] == "'"
    assert values.given("API_KEY") == "of the caller"


@pytest.mark.parametrize("content", [b"NAME=\xff\n", None])
def test_an_env_file_that_is_no_text_is_named(tmp_path, content):
    file = tmp_path / ".env"
    file.write_bytes(content) if content else file.mkdir()

    with pytest.raises(Failure, match=re.escape(f"不能读取 {file}")):
        environment.read_env_file(file)
