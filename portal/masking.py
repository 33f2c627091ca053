"""脱敏: how an ID number or a mobile number is displayed where nobody has asked for the whole of it."""


def mask(text: str) -> str:
    """A number with its middle hidden: three characters in front, four behind; short ones all but the last two."""
    if len(text) > 7:
        return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}"
    return "*" * (len(text) - 2) + text[-2:] if len(text) > 2 else text
