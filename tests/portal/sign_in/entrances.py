"""What the tests of the entrances share."""

NEW = "Xinmima-2026-lvse"
RESIDENT_ENTRANCE = "/sign-in/resident/"
STAFF_ENTRANCE = "/sign-in/staff/"


def sign_in(client, account, password, entrance=RESIDENT_ENTRANCE, **headers):
    return client.post(entrance, {"account": account, "password": password}, **headers)


def activation(user, **changes):
    values = {
        "account": user.username,
        "mobile": user.mobile,
        "code": "",
        "new_password1": NEW,
        "new_password2": NEW,
        "accepts_privacy": "on",
        "accepts_sensitive": "on",
    }
    return values | changes
