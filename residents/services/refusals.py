"""Why a save was refused, in a form that a page can put beside the fields."""

from residents.catalogue.catalogue import Problem
from residents.rules.fields import Problems
from residents.services.states import StateMoved


class EditConflict(StateMoved):
    """Somebody saved the record after this form was opened; nothing was written (TRUST-43)."""

    def __init__(self) -> None:
        super().__init__("您打开页面之后，这条记录已被他人修改。您填写的内容仍在下面，请核对后再保存。")


class Refused(ValueError):
    """Values that may not be saved; `problems` holds the catalogued errors by field."""

    def __init__(self, problems: Problems):
        super().__init__("".join(str(problem) for found in problems.values() for problem in found))
        self.problems = problems


def refuse_errors(problems: Problems) -> None:
    """Raise Refused with the errors among the problems; warnings let a save pass (PAIN-25)."""
    errors: dict[str, list[Problem]] = {}
    for name, found in problems.items():
        if stopping := [problem for problem in found if not problem.is_warning]:
            errors[name] = stopping
    if errors:
        raise Refused(errors)
