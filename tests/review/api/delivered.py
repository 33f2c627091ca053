"""Records as a platform delivers them, with numbers that belong to nobody."""

import copy
import datetime
from typing import Any

from review.api.examples import RECORD
from tests import factories

NAMES = ("陈雨桐", "欧阳若兰", "古丽米热·艾比布力", "王伟", "周子涵")


def record(base: Any, year: int, number: int = 0, **parts: dict[str, Any]) -> dict[str, Any]:
    """A complete record of a new person at `base`; `parts` change single fields, e.g. basic={"email": ""}."""
    made = copy.deepcopy(RECORD)
    made["external_id"] = f"ZJ-{number}"
    made["account"] |= {
        "intake_year": year,
        "full_name": NAMES[number % len(NAMES)],
        "id_number": factories.id_number(male=bool(number % 2)),
        "mobile": f"137{number:08d}",
    }
    made["basic"]["emergency_mobile"] = "13900000001"
    made["training"] |= {"training_base": base.code, "actual_start_date": f"{year}-09-01"}
    made["education"][0] |= {"graduation_date": datetime.date(year - 1, 6, 30).isoformat()}
    made["education"][0] |= {"diploma_date": f"{year - 1}-06-30", "degree_date": f"{year - 1}-06-30"}
    made["training"]["is_fresh_graduate"] = False
    for part, changes in parts.items():
        made[part] |= changes
    return made
