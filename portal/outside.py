"""Calls to what is not ours (mail server, SMS platform, virus scanner): none keeps its caller longer than it may."""

import threading
from collections.abc import Callable
from typing import Any

# The queue of tasks that make such calls; a worker of its own takes it, so that a silence there stops nothing else.
LANE = "outside"
# So many calls may be silent at once; from then on nothing new is tried until one of them has ended.
MOST_SILENT = 8
_free = threading.BoundedSemaphore(MOST_SILENT)


class Silent(TimeoutError):
    """No answer in time: what was asked for may have been done all the same."""


def call(function: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
    """What the function answers; it runs in a thread that is left behind where it stays silent.

    Raises Silent after so many seconds; ConnectionError, with nothing tried, while MOST_SILENT earlier calls have not
    come back; else whatever the function raises.
    """
    if not _free.acquire(blocking=False):
        raise ConnectionError("此前的调用都没有应答。")
    answer: dict[str, Any] = {}

    def run() -> None:
        try:
            answer["value"] = function(*arguments)
        except BaseException as error:
            answer["error"] = error
        finally:
            _free.release()

    # A daemon: a silent one does not hold up the end of its process. `signal.alarm` works in the main thread alone.
    thread = threading.Thread(target=run, name=f"outside-{getattr(function, '__name__', '')}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Silent(f"{seconds:g} 秒内没有应答。")
    if "error" in answer:
        raise answer["error"]
    return answer["value"]
