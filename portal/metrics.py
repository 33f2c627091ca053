"""Numbers of the running portal in Prometheus' format, read from the database: one scrape sees all machines."""

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django_tasks_db.models import DBTaskResult
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from portal import processes
from portal.models import ClockState, Delivery, Job


def answer(request: HttpRequest) -> HttpResponse:
    """The numbers, for whoever brings METRICS_TOKEN as a bearer; 404 for everybody else and where none is set."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, settings.METRICS_TOKEN):
        return HttpResponse(status=404)
    return HttpResponse(generate_latest(collect()), content_type=CONTENT_TYPE_LATEST)


def collect() -> CollectorRegistry:
    """Counts and ages only: no label holds a person, an account or an organisation."""
    registry = CollectorRegistry()

    def gauge(name: str, words: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"portal_{name}", words, labels, registry=registry)

    ages = gauge(
        "process_seconds_since_sign", "Seconds since the last sign of life; -1 without any", ("kind",)
    )
    for kind, age in processes.ages().items():
        ages.labels(kind).set(-1 if age is None else age)
    tasks = gauge("tasks", "Rows of the queue", ("queue", "status"))
    for queue, status, count in (
        DBTaskResult.objects.order_by().values_list("queue_name", "status").annotate(Count("pk"))
    ):
        tasks.labels(queue, status.lower()).set(count)
    jobs = gauge("jobs", "Exports and other long work by state", ("kind", "state"))
    for kind, state, count in Job.objects.order_by().values_list("kind", "state").annotate(Count("pk")):
        jobs.labels(kind, state).set(count)
    mails = gauge("deliveries", "Mails and SMS by state", ("channel", "state"))
    for channel, state, count in (
        Delivery.objects.order_by().values_list("channel", "state").annotate(Count("pk"))
    ):
        mails.labels(channel, state).set(count)
    doubted = ClockState.objects.exclude(doubt="").exists()
    gauge("clock_doubted", "1 while irreversible chores wait for a confirmation of the time").set(
        int(doubted)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        gauge("database_bytes", "Size of the database").set(cursor.fetchone()[0])
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        gauge("database_connections", "Open connections to the database").set(cursor.fetchone()[0])
    return registry
