from bases.routes_desk import urlpatterns as desk_urls  # first: it registers the converter that both use
from bases.routes_imports import urlpatterns as imports_urls
from bases.routes_transfers import urlpatterns as transfers_urls

app_name = "bases"

urlpatterns = [*imports_urls, *desk_urls, *transfers_urls]
