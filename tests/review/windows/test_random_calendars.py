"""Random calendars: two years side by side × provinces × windows × extensions × locks. What the calendar allows is
allowed by every act and offered by every page, what it denies is denied (AM-03, AM-29, AM-42, AM-43)."""

import datetime

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bases.board.board import calendar_of, count
from bases.board.today import tasks
from bases.lists.access import desk_openings
from bases.models import Province
from bases.scope import place_of
from bases.seasons import default_cycle
from bases.workbooks.accounts import doors
from bases.workbooks.kinds import import_opening
from portal.calendar import INTAKE_STEPS, open_cycles, running_cycles, step_now
from portal.models import CollectionCycle, CycleWindow, Extension, Step
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.openness import personal_entry, report_entry, review_entry, training_entry, until_lock
from residents.services.lock import carry_out_locks, is_locked
from residents.services.revival import hindrances, lapsed_of, revive
from review.windows import services as windows
from tests import factories
from tests.width import examples

DAY = datetime.timedelta(days=1)
HERE, THERE = "33", "44"
# Days from now: an opening and an end, never now itself, so that a slow machine changes no verdict.
SPAN = st.tuples(st.integers(-40, 20), st.integers(1, 40)).map(lambda pair: (pair[0] - 0.5, sum(pair) - 0.5))
STEPS = [step.value for step in Step]
NATIONAL = st.fixed_dictionaries(dict.fromkeys(STEPS, SPAN))
OWN = st.dictionaries(st.sampled_from(STEPS), SPAN, max_size=3)
EXTENDED = st.lists(
    st.tuples(
        st.sampled_from([step.value for step in INTAKE_STEPS]),
        st.sampled_from(["province", "base", "enrollment"]),
        st.integers(-3, 12).map(lambda days: days + 0.5),
    ),
    max_size=2,
)
CALENDAR = st.fixed_dictionaries({"national": NATIONAL, "own": OWN, "extended": EXTENDED})
MANY = settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class _Rollback(Exception):
    pass


class World:
    """Two years in which the base and a base elsewhere have one recruit each, as drawn."""

    def __init__(self, drawn, base, far, by):
        self.now, self.base, self.far = timezone.now(), base, far
        year = timezone.localdate().year
        self.cycles = [factories.CycleFactory(year=each) for each in (year, year + 1)]
        self.records = {
            (cycle.year, place.pk): factories.EnrollmentFactory(base=place, intake_year=cycle.year)
            for cycle in self.cycles
            for place in (base, far)
        }
        self.plain = {}
        for cycle, calendar in zip(self.cycles, drawn, strict=True):
            self.put(cycle, calendar, by)

    def put(self, cycle, calendar, by):
        for province, spans in ((None, calendar["national"]), (HERE, calendar["own"])):
            for step, (opens, closes) in spans.items():
                self.plain[cycle.year, step, province] = (opens, closes)
                CycleWindow.objects.create(
                    cycle=cycle,
                    step=step,
                    province_id=province,
                    opens_at=self.now + opens * DAY,
                    closes_at=self.now + closes * DAY,
                )
        record = self.records[cycle.year, self.base.pk]
        named = {"province": self.base.province, "base": self.base, "enrollment": record}
        for step, what, until in calendar["extended"]:
            self.plain.setdefault((cycle.year, step, "extended"), []).append((what, until))
            Extension.objects.create(
                cycle=cycle,
                step=step,
                until=self.now + until * DAY,
                reason="系统故障",
                granted_by=by,
                **{what: named[what]},
            )

    # What the calendar says, worked out from what was drawn and not by the program.

    def span(self, cycle, step, place, *, of_record=False):
        own = self.plain.get((cycle.year, step, place.province_id))
        opens, closes = own or self.plain[cycle.year, step, None]
        reach = {"province", "base", "enrollment"} if of_record else {"province", "base"}
        if place == self.base:
            more = self.plain.get((cycle.year, step, "extended"), [])
            closes = max([closes, *(until for what, until in more if what in reach)])
        return opens, closes

    def is_open(self, cycle, step, place, **more):
        opens, closes = self.span(cycle, step, place, **more)
        return opens <= 0 < closes

    def end(self, cycle, place, **more):
        """The last end of the windows that apply here: a province's own in place of the national ones."""
        return max(self.span(cycle, step.value, place, **more)[1] for step in INTAKE_STEPS)


@pytest.fixture
def far(other_province):
    return factories.TrainingBaseFactory(province_id=other_province.pk)


def drawn_in(base, far, by, drawn, check):
    try:
        with transaction.atomic():
            check(World(drawn, base, far, by))
            raise _Rollback
    except _Rollback:
        pass


@pytest.mark.django_db
@MANY
@pytest.mark.long
@given(drawn=st.tuples(CALENDAR, CALENDAR))
def test_every_act_asks_the_cycle_of_its_own_record(drawn, base, far, national_officer):
    """AM-42: none for the nation; a recruit asks his year, every other act the older of the open cycles."""

    def check(world):
        entries = {
            Step.RESIDENT_FILL: personal_entry,
            Step.BASE_FILL: training_entry,
            Step.REPORT: report_entry,
        }
        for (year, place_id), record in world.records.items():
            cycle = next(each for each in world.cycles if each.year == year)
            place = world.base if place_id == world.base.pk else world.far
            for step, ask in entries.items():
                assert ask(record).is_open == world.is_open(cycle, step.value, place, of_record=True), (
                    step,
                    year,
                )
            _, closes = world.span(cycle, Step.REVIEW.value, place, of_record=True)
            assert review_entry(record).is_open == (closes > 0)
            assert until_lock(record).is_open == (world.end(cycle, place, of_record=True) > 0)
        for place in (world.base, world.far):
            assert open_cycles(Step.BASE_FILL, province_id=place.province_id, base_id=place.pk) == [
                each for each in world.cycles if world.is_open(each, Step.BASE_FILL.value, place)
            ]
            for step in (Step.REGISTRY_UPDATE, Step.BACK_REPORT, Step.API_TRANSFER):
                opened = [each for each in world.cycles if world.is_open(each, step.value, place)]
                found, state = step_now(step, province_id=place.province_id, base_id=place.pk)
                assert state.is_open == bool(opened)
                assert not opened or found == opened[0]
            for cycle in world.cycles:
                door = doors(place)[cycle.year]
                assert import_opening(place, Module.INTAKE, cycle).is_open == door.intake_is_open
                assert door.intake_is_open == world.is_open(cycle, Step.BASE_FILL.value, place)
                assert door.registry_takes == (world.end(cycle, place) <= 0)
                assert (
                    is_locked(cycle, province_id=place.province_id, base_id=place.pk) == door.registry_takes
                )

    drawn_in(base, far, national_officer, drawn, check)


@pytest.mark.long
@pytest.mark.django_db
@MANY
@given(drawn=st.tuples(CALENDAR, CALENDAR))
def test_pages_say_what_the_calendar_says(drawn, base, far, national_officer, base_officer, signed_in):
    """AM-42: windows on the desk, the tiles' counts, the default year and the buttons of a record's page."""

    def check(world):
        desk = signed_in(base_officer)
        for cycle in world.cycles:
            told = [each.opening.is_open for each in desk_openings([world.base], cycle)]
            steps = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW)
            assert told == [world.is_open(cycle, step.value, world.base) for step in steps]
        running = running_cycles([HERE], [world.base.pk])
        shown = default_cycle(base_officer, world.base)
        own = [
            cycle
            for cycle in running
            if any(
                world.is_open(cycle, step.value, world.base, of_record=True)
                for step in (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
            )
        ]
        assert shown == next(iter(own or running), shown)
        for cycle in running:
            assert world.end(cycle, world.base, of_record=True) > 0
        for cycle in world.cycles:
            record = world.records[cycle.year, world.base.pk]
            may = desk.get(f"/base/records/{record.pk}/").context["may"]
            reports = world.is_open(cycle, Step.REPORT.value, world.base, of_record=True)
            fills = world.is_open(cycle, Step.RESIDENT_FILL.value, world.base, of_record=True)
            assert (may["report"], may["return"]) == (reports, fills)
            assert may["extend"] == (world.end(cycle, world.base) > 0)
        place = place_of(base_officer, world.base)
        for record in world.records.values():
            factories.fill_personal(record.resident)
            factories.fill_training(record)
        calendar = calendar_of([world.base])
        counts = [count(place, module, bases=[world.base], calendar=calendar) for module in Module]
        tiles = {task.label for task in tasks(base_officer, world.base, place, counts, calendar)}
        open_years = [
            cycle for cycle in world.cycles if world.is_open(cycle, "report", world.base, of_record=True)
        ]
        words = "信息完整，可上报"
        expected = {0: set(), 1: {f"{words}（其中 1 人现在不能办理）"}, 2: {words}}[len(open_years)]
        assert {label for label in tiles if label.startswith(words)} == expected

    drawn_in(base, far, national_officer, drawn, check)


@pytest.mark.django_db
@MANY
@pytest.mark.long
@given(drawn=st.tuples(CALENDAR, CALENDAR), change=CALENDAR)
def test_whatever_is_over_lapses_and_what_is_opened_again_locks_again(
    drawn, change, base, far, national_officer
):
    """AM-29, AM-43: "The cycle is open again for those named, locks again at the new end, and what is unapproved then
    lapses"."""

    def over(world, place_of=lambda record: record.base):
        return {
            record.pk
            for (year, _), record in world.records.items()
            for cycle in world.cycles
            if cycle.year == year and world.end(cycle, place_of(record), of_record=True) <= 0
        }

    def lapsed():
        return set(Enrollment.objects.filter(lapsed_at__isnull=False).values_list("pk", flat=True))

    def check(world):
        carry_out_locks()
        assert lapsed() == over(world)
        carry_out_locks()
        before = lapsed()
        assert before == over(world)
        # Whatever the calendar was, it is another one now.
        CycleWindow.objects.all().delete()
        Extension.objects.all().delete()
        world.plain.clear()
        for cycle in world.cycles:
            world.put(cycle, change, national_officer)
        carry_out_locks()
        now_over = over(world)
        assert lapsed() == before | now_over
        for cycle in world.cycles:
            rows = list(lapsed_of(cycle).select_related("resident", "base__province"))
            assert {row.pk for row in rows} - set(hindrances(rows)) == {
                row.pk for row in rows if row.pk not in now_over
            }
            done = revive([row.pk for row in rows], cycle=cycle, by=national_officer, reason="补报").done
            assert {row.pk for row in done} == {row.pk for row in rows} - now_over
        assert lapsed() == now_over
        carry_out_locks()
        assert lapsed() == now_over
        carry_out_locks(world.now + 100 * DAY)
        assert lapsed() == {record.pk for record in world.records.values()}
        assert not CollectionCycle.objects.filter(locked_at=None).exists()

    drawn_in(base, far, national_officer, drawn, check)


@pytest.mark.long
@pytest.mark.django_db
@MANY
@given(
    drawn=st.tuples(CALENDAR, CALENDAR),
    step=st.sampled_from(STEPS),
    where=st.sampled_from([None, HERE, THERE]),
    times=SPAN,
    which=st.integers(0, 1),
)
def test_the_preview_of_a_window_is_exactly_its_result(
    drawn, step, where, times, which, base, far, national_officer
):
    """AM-42: "A new cycle's early window opens exactly what its preview says and changes nothing else"."""

    def check(world):
        cycle, other = world.cycles[which], world.cycles[1 - which]
        province = Province.objects.get(pk=where) if where else None
        moments = {"opens_at": world.now + times[0] * DAY, "closes_at": world.now + times[1] * DAY}
        carry_out_locks()
        lives = set(Enrollment.objects.filter(lapsed_at=None).values_list("pk", flat=True))
        kept = {
            (each.pk, it): windows.situation(each, Step(it))
            for each in world.cycles
            for it in STEPS
            if (each, it) != (cycle, step)
        }
        before = windows.situation(cycle, Step(step))
        told = windows.preview(cycle, Step(step), province, **moments)
        assert windows.situation(cycle, Step(step)) == before
        windows.set_window(cycle, Step(step), province, by=national_officer, **moments)
        after = windows.situation(cycle, Step(step))
        names = dict(Province.objects.values_list("short_name", "pk"))
        changed = {names[name]: each for each in told.effects for name in each.provinces}
        assert set(changed) == {code for code in after if after[code] != before[code]}
        for code, each in changed.items():
            assert (each.before, each.after) == (before[code].step, after[code].step)
            # Where the page shows no lock, none is told.
            locks = (before[code].locks, after[code].locks) if told.of_intake else ("", "")
            assert (each.locks_before, each.locks_after) == locks
        for (pk, it), situation in kept.items():
            if pk == other.pk:
                assert windows.situation(other, Step(it)) == situation
            else:
                found = windows.situation(cycle, Step(it))
                assert {code: each.step for code, each in found.items()} == {
                    code: each.step for code, each in situation.items()
                }
        carry_out_locks()
        gone = lives - set(Enrollment.objects.filter(lapsed_at=None).values_list("pk", flat=True))
        assert len(gone) == told.lapsing
        assert other in told.beside or other not in running_cycles()

    drawn_in(base, far, national_officer, drawn, check)
