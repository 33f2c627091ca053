"""One fixture per person: an officer of a base, his neighbour, two provinces, the association, two residents."""

import gc
import os
import subprocess
import sys
import uuid

import pytest
from django.core.cache import cache
from django.test import Client, TransactionTestCase, override_settings

from bases.models import Province
from portal.roles import Role
from residents.services import code_lists
from tests import (
    database,
    factories,
    width,  # noqa: F401 -- names the profiles before pytest is asked for one
)

# Both kinds of pytest-django's database tests stand on Django's; only one that really commits comes here.
TransactionTestCase._fixture_teardown = lambda _: database.empty()


# Wholly long, and dear to collect: requests made up from a whole schema.
LONG_TO_COLLECT = {"test_made_up_requests.py"}


def pytest_configure(config):
    """The database is migrated while the processes still collect their tests, not afterwards."""
    if getattr(config, "workerinput", {}).get("workerid") == "gw0":
        config.database_maker = subprocess.Popen(
            [sys.executable, "-m", "tests.database"],
            cwd=config.rootpath,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def pytest_ignore_collect(collection_path, config):
    """The fast suite does not even look at what it would leave to `make long`."""
    return True if collection_path.name in LONG_TO_COLLECT and config.option.markexpr == "not long" else None


def pytest_collection_finish():
    """Eight thousand collected tests stay until the end: whoever looks for rubbish need not look among them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _as_tests_run():
    """What holds for every test unless it says otherwise. Argon2id is slow by intention; where hashing is the subject,
    a test asks for `argon2`. Background work runs at once, and nothing is asked by time: the number of queries of
    a page stays exact."""
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        CODE_LISTS_SECONDS=0,
        TASKS={"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}},
    ):
        yield


@pytest.fixture
def argon2(settings):
    """The product's own hasher."""
    settings.PASSWORD_HASHERS = ["portal.hashers.OwaspArgon2idHasher"]


@pytest.fixture(autouse=True)
def _private_files(settings, tmp_path_factory):
    """Uploads of a test are its own; a folder is made by whoever puts something in."""
    folder = tmp_path_factory.getbasetemp() / "files" / uuid.uuid4().hex
    storages = {**settings.STORAGES}
    storages["default"] = {
        **storages["default"],
        "OPTIONS": {**storages["default"]["OPTIONS"], "location": str(folder / "private")},
    }
    settings.STORAGES = storages
    settings.HISTORY_ANCHOR_FOLDER = folder / "anchors"


@pytest.fixture(autouse=True)
def _code_lists_as_built():
    """What one test changes of a code list is forgotten with its rows."""
    yield
    code_lists.take_over()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker):
    """Takes the place of pytest-django's, which migrates for every process."""
    with django_db_blocker.unblock():
        database.make()
    yield
    with django_db_blocker.unblock():
        database.drop()


@pytest.fixture(autouse=True)
def _nothing_cached(request):
    """No test meets what another one cached. Tests without a database touch none."""
    if request.node.get_closest_marker("django_db") or {"db", "transactional_db", "live_server"} & set(
        request.fixturenames
    ):
        request.getfixturevalue("_django_db_helper")
        cache.clear()


@pytest.fixture
def cycle(db):
    """This year's cycle with every window open."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    return cycle


@pytest.fixture
def province(db):
    return Province.objects.get(pk="33")


@pytest.fixture
def other_province(db):
    return Province.objects.get(pk="44")


@pytest.fixture
def base(province):
    return factories.TrainingBaseFactory(province=province, name="浙江大学医学院附属第一医院")


@pytest.fixture
def other_base(province):
    return factories.TrainingBaseFactory(province=province, name="宁波市第一医院")


@pytest.fixture
def base_officer(base):
    user = factories.UserFactory(username="zjyy01", full_name="周晓兰")
    factories.grant(user, base)
    return user


@pytest.fixture
def other_base_officer(other_base):
    user = factories.UserFactory(username="nbyy01", full_name="郑伟")
    factories.grant(user, other_base)
    return user


@pytest.fixture
def provincial_reviewer(province):
    user = factories.UserFactory(username="zjwjw01", role=Role.PROVINCE, full_name="何敏")
    factories.grant(user, province)
    return user


@pytest.fixture
def other_province_reviewer(other_province):
    user = factories.UserFactory(username="gdwjw01", role=Role.PROVINCE, full_name="梁志强")
    factories.grant(user, other_province)
    return user


@pytest.fixture
def national_officer(db):
    return factories.UserFactory(username="cmda01", role=Role.CMDA, full_name="孙立")


@pytest.fixture
def enrollment(base, cycle):
    """A freshly imported recruit of `base` in this year's intake."""
    return factories.EnrollmentFactory(base=base, intake_year=cycle.year)


@pytest.fixture
def complete_enrollment(base, cycle):
    """A recruit of `base` whose personal and training info is complete: ready to report."""
    enrollment = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    return enrollment


@pytest.fixture
def resident(enrollment):
    return enrollment.resident.user


@pytest.fixture
def other_resident(other_base, cycle):
    person = factories.ResidentFactory(full_name="古丽米热·艾比布力")
    return factories.EnrollmentFactory(resident=person, base=other_base, intake_year=cycle.year).resident.user


@pytest.fixture
def signed_in(db):
    """A function: a client signed in as this person."""

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def reachable_path(tmp_path):
    """tmp_path, which other accounts may enter too; what they may enter already, such as /tmp, keeps its rights."""
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    return tmp_path
