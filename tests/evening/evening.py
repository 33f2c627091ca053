"""The evening itself: `evening(addresses, people, seconds)` plays it and hands back what it measured and what it was
promised; `missing(promises, ask)` compares the promises with the database.

Four in five are residents who sign in and save 基本信息, three in twenty bases that import and report, one in twenty
provinces that approve (target 14). It knows the portal by its pages alone and may be played against any number of
addresses, behind a proxy or not.
"""

import html
import itertools
import random
import re
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from review.demo.organisations import PASSWORD
from tests import factories
from tests.bases.conftest import workbook
from tests.evening.browser import Away, Browser, Refused, Times

Ask = Callable[..., list[tuple]]
CLIENTS = 16
ROWS = 4
# How long a base looks at the page of its import before it goes on with something else.
CHECK_SECONDS = 20
_RECORD = re.compile(r'href="(/review/(?:records|residents)/\d+/[^"]*)"')


@dataclass(frozen=True, slots=True)
class People:
    """Account names of who takes part; `ready` are (base's account, id of a record that it may report)."""

    residents: Sequence[str]
    officers: Sequence[str]
    reviewers: Sequence[str]
    ready: Sequence[tuple[str, int]]
    year: int


@dataclass(slots=True)
class Promises:
    """What clients were told: of each act the last word of success; `unknown` where the line was cut or 503 came."""

    # Account name -> the address that it saved last; and those that were sent without an answer.
    saved: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, set[str]] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)
    uploaded: list[int] = field(default_factory=list)
    # Batch -> the numbers of its people, where the portal said that it will write them.
    confirmed: dict[int, list[str]] = field(default_factory=dict)
    reported: list[int] = field(default_factory=list)
    approved: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Figures:
    """What an evening took. `acts` counts what was done by kind."""

    seconds: float
    acts: dict[str, int]
    times: Times
    promises: Promises

    @property
    def acts_a_second(self) -> float:
        return sum(self.acts.values()) / self.seconds

    @property
    def pages_a_second(self) -> float:
        return sum(map(len, self.times.seconds.values())) / self.seconds

    def percentile(self, part: int, page: str | None = None) -> float:
        """p50, p95 or p99 in milliseconds, of one page or of all."""
        found = [each for name, taken in self.times.seconds.items() if page in (None, name) for each in taken]
        return 1000 * statistics.quantiles(found, n=100)[part - 1] if len(found) > 1 else 0.0


def people_of(ask: Ask, *, seed: int = 1) -> People:
    """Who of the demo and of the nation can take part, in an order that the seed decides."""
    year = ask("SELECT max(year) FROM portal_collectioncycle")[0][0]
    residents = ask(
        "SELECT u.username FROM portal_user u JOIN residents_resident r ON r.user_id = u.id"
        " JOIN residents_enrollment e ON e.resident_id = r.id WHERE u.password LIKE '%$%' AND e.deleted_at IS NULL"
        f" AND e.lapsed_at IS NULL AND e.intake_year = {int(year)} AND e.review_status IN ('0', '3')"
        " AND e.report_status = '0' AND e.personal_state IN ('1', '2')"
    )
    staff = (
        "SELECT username FROM portal_user WHERE role = '{}' AND username LIKE '{}' AND password LIKE '%$%'"
        " AND username NOT LIKE '%r'"
    )
    ready = ask(
        "SELECT 'jidi' || b.code, e.id FROM residents_enrollment e JOIN bases_trainingbase b ON b.id = e.base_id"
        f" WHERE e.intake_year = {int(year)} AND e.report_status = '0' AND e.review_status = '0'"
        " AND e.personal_state = '2' AND e.training_complete AND e.deleted_at IS NULL AND e.registered_at IS NULL"
        f" AND EXISTS (SELECT FROM portal_user u WHERE u.username = 'jidi' || b.code)"
    )
    order = random.Random(seed)
    lists = [
        sorted(each)
        for each in (
            residents,
            ask(staff.format("base", "jidi%")),
            ask(staff.format("province", "sheng%")),
            ready,
        )
    ]
    for each in lists:
        order.shuffle(each)
    names = [[name for name, *_ in each] for each in lists[:3]]
    return People(*names, ready=[(account, pk) for account, pk in lists[3]], year=year)


def evening(
    addresses: Sequence[str],
    people: People,
    seconds: float,
    *,
    clients: int = CLIENTS,
    stop: threading.Event | None = None,
) -> Figures:
    """Play for so long with so many clients at once, each the next person as soon as the last has gone."""
    play = _Play(addresses, people, stop or threading.Event())
    threads = [threading.Thread(target=play.run, args=(number,), daemon=True) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    play.stop.wait(seconds)
    play.stop.set()
    for thread in threads:
        thread.join()
    return Figures(time.perf_counter() - began, play.acts, play.times, play.promises)


def _number_in(address: str) -> int:
    """The id in the address of a page. Raises Refused where it has none."""
    if (found := re.search(r"/(\d+)/", address)) is None:
        raise Refused(f"no number in {address}")
    return int(found[1])


class _Play:
    def __init__(self, addresses: Sequence[str], people: People, stop: threading.Event) -> None:
        self.addresses, self.people, self.stop = addresses, people, stop
        self.times, self.promises = Times(), Promises()
        self.acts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._residents, self._ready = itertools.cycle(people.residents), iter(people.ready)
        self._officers, self._reviewers = itertools.cycle(people.officers), itertools.cycle(people.reviewers)

    def run(self, number: int) -> None:
        while not self.stop.is_set():
            with self._lock:
                turn = next(self._turns)
            # Twenty in a row: sixteen residents, three bases, one province.
            kind = "province" if turn % 20 == 19 else "base" if turn % 20 in (4, 9, 14) else "resident"
            browser = Browser(self.addresses[turn % len(self.addresses)], self.times)
            try:
                getattr(self, f"_{kind}")(browser, turn)
            except Away:
                self.stop.wait(1)
            except Refused as error:
                self.times.note(error=f"{kind}: {error}")
            finally:
                browser.close()

    def _done(self, act: str) -> None:
        with self._lock:
            self.acts[act] = self.acts.get(act, 0) + 1

    def _sign_in(self, browser: Browser, account: str, entrance: str) -> None:
        path = f"/sign-in/{entrance}/"
        form = browser.get(path).form("password")
        answer = browser.send(form, form.filled(account=account, password=PASSWORD), name=f"POST {path}")
        browser.get(answer.location)
        self._done("signed in")

    # --- residents -------------------------------------------------------------------------------------------------

    def _resident(self, browser: Browser, turn: int) -> None:
        with self._lock:
            account = next(self._residents)
        self._sign_in(browser, account, "resident")
        path = "/resident/section/basic/"
        form = browser.get(path).form("postal_address")
        wanted = f"示范路{turn}号"
        try:
            # Files have a part of their own, so the form is sent in parts as a browser does.
            browser.send(form, form.filled(postal_address=wanted), name=f"POST {path}", files={})
        except Away:
            self.promises.unknown.setdefault(account, set()).add(wanted)
            raise
        except Refused:
            self.promises.refused.setdefault(account, set()).add(wanted)
            raise
        self.promises.saved[account] = wanted
        self._done("saved")
        browser.get("/resident/")
        browser.get("/resident/education/")

    # --- bases -----------------------------------------------------------------------------------------------------

    def _base(self, browser: Browser, turn: int) -> None:
        with self._lock:
            own, record = next(self._ready, (None, 0))
            account = own or next(self._officers)
        self._sign_in(browser, account, "staff")
        self._import(browser)
        browser.get("/base/records/intake/")
        if record:
            self._report(browser, record)

    def _import(self, browser: Browser) -> None:
        page = "/base/imports/accounts/intake/"
        form = browser.get(page).form('type="file"')
        numbers, content = self._people_to_import()
        given = form.filled(token=str(uuid4()))
        answer = browser.send(form, given, name=f"POST {page}", files={"file": ("名单.xlsx", content)})
        batch = _number_in(answer.location)
        self.promises.uploaded.append(batch)
        self._done("uploaded")
        own = f"/base/imports/{batch}/"
        deadline = time.monotonic() + CHECK_SECONDS
        while time.monotonic() < deadline and not self.stop.is_set():
            shown = browser.get(own)
            if f'action="{own}confirm/"' in shown.text:
                confirm = shown.form(f"{own}confirm/")
                browser.send(confirm, confirm.filled(mode="good_rows"), name="POST /base/imports/N/confirm/")
                self.promises.confirmed[batch] = numbers
                self._done("imported")
                return
            self.stop.wait(1)

    def _people_to_import(self) -> tuple[list[str], bytes]:
        numbers = [factories.id_number() for _ in range(ROWS)]
        lines = [
            {
                "intake_year": str(self.people.year),
                "full_name": "陈雨桐",
                "id_type": "居民身份证",
                "id_number": number,
                "mobile": "13800138000",
            }
            for number in numbers
        ]
        return numbers, workbook(lines)

    def _report(self, browser: Browser, record: int) -> None:
        path = f"/base/report/?choice={record}"
        form = browser.get(path).form('name="declared"')
        answer = browser.send(form, form.filled(declared="on"), name="POST /base/report/")
        if "已上报 1 " not in browser.get(answer.location).text:
            raise Refused(f"report of {record}")
        self.promises.reported.append(record)
        self._done("reported")

    # --- provinces -------------------------------------------------------------------------------------------------

    def _province(self, browser: Browser, turn: int) -> None:
        with self._lock:
            account = next(self._reviewers)
        self._sign_in(browser, account, "staff")
        for _ in range(3):
            found = _RECORD.findall(browser.get("/review/", "GET /review/").text)
            if not found:
                return
            address = html.unescape(found[turn % len(found)])
            form = browser.get(address).form("/approve/")
            browser.send(form, form.values)
            self.promises.approved.append(_number_in(address))
            self._done("approved")


def missing(promises: Promises, ask: Ask, *, seconds: float = 60) -> list[str]:
    """What was told as success and is not in the database, and what was told as refused and is; empty as it must be.
    Waits so long for the worker to have written what was confirmed."""
    found = []
    stored = dict(
        ask(
            "SELECT u.username, b.postal_address FROM residents_basicinfo b JOIN residents_resident r"
            " ON r.id = b.resident_id JOIN portal_user u ON u.id = r.user_id WHERE b.postal_address LIKE '示范路%号'"
        )
    )
    for account, wanted in promises.saved.items():
        if stored.get(account) != wanted and stored.get(account) not in promises.unknown.get(account, ()):
            found.append(f"saved by …{account[-4:]}: {wanted} is {stored.get(account)}")
    found += [
        f"refused to …{account[-4:]} and saved: {stored[account]}"
        for account, sent in promises.refused.items()
        if stored.get(account) in sent
    ]
    batches = {pk for (pk,) in ask("SELECT id FROM bases_importbatch")}
    found += [f"upload {pk}" for pk in promises.uploaded if pk not in batches]
    deadline = time.monotonic() + seconds
    while True:
        known = {number for (number,) in ask("SELECT id_number FROM residents_resident")}
        late = [pk for pk, numbers in promises.confirmed.items() if not known.issuperset(numbers)]
        if not late or time.monotonic() > deadline:
            break
        time.sleep(1)
    found += [f"import {pk}" for pk in late]
    told = {pk for (pk,) in ask("SELECT DISTINCT enrollment_id FROM bases_submission")}
    found += [f"report of {pk}" for pk in promises.reported if pk not in told]
    approved = {
        pk for (pk,) in ask("SELECT DISTINCT enrollment_id FROM bases_submission WHERE outcome = 'approved'")
    }
    return found + [f"approval of {pk}" for pk in promises.approved if pk not in approved]
