"""The worker: what takes longer than a page may, task by task; waits for the database instead of ending without it."""

import logging
import os
import time
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections, connections, transaction
from django.db.models import F
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from portal import processes
from portal.bootstrap.keeper import end_with_keeper
from portal.lanes import LANES
from portal.temporary import take_own_folder

WAIT_SECONDS = 1
# On the same machine a page comes before any task.
NICE = 10
log = logging.getLogger(__name__)


class FairWorker(Worker):
    """Takes turns between those who wait: of equal priority whoever this worker served longest ago comes next.

    Whose a task is says its argument `turn`; tasks without one take turns by their kind. What a worker remembers of
    turns is its own and ends with it: several workers each take turns.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.served: dict[str, float] = {}

    def run(self) -> None:
        log.info("Worker %s takes %s", self.worker_id, ",".join(self.queue_names))
        while self.running:
            close_old_connections()
            task = self.take()
            if task is not None:
                self.run_task(task)
            elif self.running:
                time.sleep(self.interval)

    def take(self) -> DBTaskResult | None:
        """The next task, claimed; None where none is free."""
        ready = DBTaskResult.objects.ready().filter(backend_name=self.backend_name)
        if not self.process_all_queues:
            ready = ready.filter(queue_name__in=self.queue_names)
        firsts = (
            ready.annotate(turn=Coalesce(KT("args_kwargs__kwargs__turn"), F("task_path")))
            .order_by("turn", "-priority", "enqueued_at")
            .distinct("turn")
            .values_list("pk", "turn", "priority", "enqueued_at")
        )
        for key, turn, *_ in sorted(
            firsts, key=lambda each: (-each[2], self.served.get(each[1], 0.0), each[3])
        ):
            with transaction.atomic():
                task = ready.select_for_update(skip_locked=True).filter(pk=key).first()
                if task is not None:
                    task.claim(self.worker_id)
                    self.served[turn] = time.monotonic()
                    return task
        return None


class Command(BaseCommand):
    help = (
        "Carry out queued tasks: imports and what else takes seconds (lane worker), exports, annotated copies and acts "
        "on thousands (lane long), mails and SMS (lane outside). Any number of each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lane", choices=list(LANES), default="all")
        parser.add_argument(
            "--interval", type=float, default=0.5, help="seconds between looks at an empty queue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # One worker for all shows itself as the first of the lanes.
        kinds = [options["lane"]] if options["lane"] != "all" else ["worker", "long", "outside"]
        names = [processes.new_name(kind) for kind in kinds]
        worker = FairWorker(
            queue_names=LANES[options["lane"]],
            interval=options["interval"],
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=names[0],
            excluded_queue_names=[],
        )
        worker.configure_signals()
        end_with_keeper()
        take_own_folder()
        os.nice(NICE)
        with ExitStack() as signs:
            for name, kind in zip(names, kinds, strict=True):
                signs.enter_context(processes.alive(name, kind))
            while worker.running:
                try:
                    worker.run()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("The database is away (%s); trying again", type(error).__name__)
                    connections.close_all()
                    time.sleep(WAIT_SECONDS)
