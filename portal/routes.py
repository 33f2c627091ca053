"""The addresses of the home page, signing in, and what belongs to every signed-in person."""

from django.urls import path

from portal.views import deeds, entrances, personal, public, second_factor

app_name = "portal"

urlpatterns = [
    path("", public.home, name="home"),
    path("sign-in/", entrances.sign_in_chooser, name="sign-in"),
    path("sign-in/resident/", entrances.resident_sign_in, name="resident-sign-in"),
    path("sign-in/staff/", entrances.staff_sign_in, name="staff-sign-in"),
    path("sign-in/code/", second_factor.second_step, name="second-step"),
    path("activate/", entrances.activate, name="activate"),
    path("sign-out/", entrances.sign_out, name="sign-out"),
    path("desk/", entrances.desk, name="desk"),
    path("password/", entrances.password_change, name="password-change"),
    path("second-factor/", second_factor.own_factor, name="second-factor"),
    path("privacy/", public.privacy, name="privacy"),
    path("messages/", personal.messages, name="messages"),
    path("messages/<int:pk>/open/", personal.open_message, name="message-open"),
    path("messages/read-all/", personal.read_all_messages, name="messages-read-all"),
    path("messages/settings/", personal.message_settings, name="message-settings"),
    path("messages/settings/keys/", personal.letter_keys, name="letter-keys"),
    path("deeds/<int:pk>/", deeds.deed, name="deed"),
    path("search/", personal.search, name="search"),
    path("draft/", personal.draft, name="draft"),
]
