"""The code lists of docs/codes.md: codes with their Chinese names, and finding a code from what people write.

`CODE_LISTS` is keyed by the field identifier of docs/fields.md#asked (or by what the list holds, where several fields
share it). No Django: the rules, the templates' drop-downs, the forms and the seeding of tables all read from here.
"""

from residents.codes import people, places, practice, study, training
from residents.codes.code_list import CodeList
from residents.codes.places import PROVINCE_SHORT_NAMES
from residents.codes.practice import scopes_of_class
from residents.codes.study import MAJORS, OTHER_MAJOR, OTHER_SCHOOL, SCHOOLS
from residents.codes.training import REASONS_OF_STATUS, SPECIALTIES

__all__ = [
    "CODE_LISTS",
    "MAJORS",
    "OTHER_MAJOR",
    "OTHER_SCHOOL",
    "PROVINCE_SHORT_NAMES",
    "REASONS_OF_STATUS",
    "SCHOOLS",
    "SPECIALTIES",
    "SUGGESTIONS",
    "CodeList",
    "scopes_of_class",
]

CODE_LISTS: dict[str, CodeList] = {
    name.lower(): value
    for module in (people, places, study, training, practice)
    for name, value in vars(module).items()
    if isinstance(value, CodeList)
}

# Offered while typing; any other text is taken with a warning (PAIN-25).
SUGGESTIONS: dict[str, tuple[str, ...]] = {"school": SCHOOLS, "major": MAJORS}
