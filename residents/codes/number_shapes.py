"""Shapes of certificate numbers that are taken without a warning (docs/codes.md#edited): the program's own and those
added."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Shape:
    """How long such a number may be, with what it begins, and whether it has letters beside its digits."""

    lengths: tuple[int, ...]
    has_letters: bool = False
    prefix: str = ""

    def fits(self, number: str) -> bool:
        """Whether the number, upper case and without blanks, has this shape; the prefix may hold any characters."""
        rest = number.removeprefix(self.prefix)
        plain = rest.isascii() and rest.isalnum() if self.has_letters else rest.isdigit()
        return number.startswith(self.prefix) and len(number) in self.lengths and plain

    def __str__(self) -> str:
        lengths = "或".join(str(length) for length in self.lengths)
        kind = "数字和字母" if self.has_letters else "数字"
        return f"共{lengths}位，以“{self.prefix}”开头，其余为{kind}" if self.prefix else f"{lengths}位{kind}"


class NumberShapes:
    """The shapes of one kind of certificate number; `take_over` replaces the added ones at one stroke."""

    def __init__(self, title: str, *built_in: Shape):
        self.title = title
        self.built_in = built_in
        self.added: tuple[Shape, ...] = ()

    def take_over(self, added: Iterable[Shape]) -> None:
        self.added = tuple(added)

    def fit(self, number: str) -> bool:
        return any(shape.fits(number) for shape in (*self.built_in, *self.added))


# Keyed by the field: Chinese certificates since 2001 (PAIN-25: anything else is only warned of).
NUMBER_SHAPES: dict[str, NumberShapes] = {
    "diploma_no": NumberShapes("学历证书编号", Shape((17, 18))),
    "degree_no": NumberShapes("学位证书编号", Shape((16,))),
}
