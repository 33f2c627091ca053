app_name = "bases"

urlpatterns: list = []
