"""Where the web server finds the portal."""

import os

from django.core.wsgi import get_wsgi_application

from portal.checks import refuse_stale_files, refuse_unguarded_history, refuse_unusable_code

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
refuse_unusable_code()
refuse_unguarded_history()
refuse_stale_files()
