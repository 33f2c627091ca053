"""The manual, for every role and for strangers (BR-36)."""

from django.urls import path

from review.manual import views as manual

app_name = "manual"

urlpatterns = [
    path("", manual.index, name="index"),
    path("whole/", manual.whole, name="whole"),
    path("<slug:slug>/", manual.chapter, name="chapter"),
]
