"""公告 as its readers see it, strangers included; where it is written is in review/urls.py."""

from django.urls import path

from review.notices.views import reading as views

app_name = "notices"

urlpatterns = [
    path("", views.notices, name="list"),
    path("<int:pk>/", views.notice, name="notice"),
    path("<int:pk>/read/", views.read, name="read"),
    path("<int:pk>/files/<int:file>/", views.file, name="notice-file"),
]
