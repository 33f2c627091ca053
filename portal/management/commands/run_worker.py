"""The worker: what takes longer than a page may, task by task; waits for the database instead of ending without it."""

import logging
import time
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connections
from django_tasks_db.management.commands.db_worker import Worker

from portal import outside, processes
from portal.bootstrap.keeper import end_with_keeper
from portal.temporary import take_own_folder

LANES = {"worker": ["default"], "outside": [outside.LANE], "all": ["*"]}
WAIT_SECONDS = 1
log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Carry out queued tasks: imports, exports (lane worker), mails and SMS (lane outside). Any number of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lane", choices=list(LANES), default="all")
        parser.add_argument(
            "--interval", type=float, default=0.5, help="seconds between looks at an empty queue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # One worker for all shows itself as the first of the lanes.
        kinds = [options["lane"]] if options["lane"] != "all" else ["worker", "outside"]
        names = [processes.new_name(kind) for kind in kinds]
        worker = Worker(
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
