"""The product's settings for a server of the benchmarks; BENCH_CONN_MAX_AGE=0 is what Django does by itself."""

import os

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES

# As in production: neither queries nor templates are kept for debugging pages.
DEBUG = WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = False
DATABASES["default"]["CONN_MAX_AGE"] = int(os.environ["BENCH_CONN_MAX_AGE"])
