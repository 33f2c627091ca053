"""Made-up people for the demo: valid check digits, numbers of nobody (GB 11643), repeatable from one seed."""

import datetime
import json
import random
from dataclasses import dataclass, field

from django.conf import settings

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# No county has the code …99, so none of these numbers can belong to a living person.
COUNTY = "0199"


def pools() -> dict:
    return json.loads((settings.BASE_DIR / "fixtures" / "demo.json").read_text(encoding="utf-8"))


def id_number(province: str, birth: datetime.date, serial: int) -> str:
    body = f"{province}{COUNTY}{birth:%Y%m%d}{serial:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


@dataclass
class Person:
    full_name: str
    ethnicity: str
    birth_date: datetime.date
    sex: str
    id_number: str
    mobile: str
    hukou_province: str
    school: str
    major: str


@dataclass
class People:
    """A source of people, each different; the same seed gives the same people."""

    seed: int = 854
    count: int = 0
    rng: random.Random = field(init=False)
    pools: dict = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # nosec B311 # demo data
        self.pools = pools()

    def next(self, *, province: str, intake_year: int) -> Person:
        self.count += 1
        choose = self.rng.choice
        province = "65" if province == "66" else province
        if self.count % 37 == 0:
            name, ethnicity = choose(self.pools["minority"])
        elif self.count % 97 == 0:
            name, ethnicity = choose(self.pools["rare"]), "01"
        else:
            given = "".join(choose(self.pools["given"]) for _ in range(choose((1, 2, 2, 2))))
            name, ethnicity = choose(self.pools["surnames"]) + given, "01"
        age = self.rng.randint(23, 28)
        birth = datetime.date(intake_year - age, self.rng.randint(1, 12), self.rng.randint(1, 28))
        serial = 100 + self.count % 900
        return Person(
            full_name=name,
            ethnicity=ethnicity,
            birth_date=birth,
            sex="1" if serial % 2 else "2",
            id_number=id_number(province, birth, serial),
            mobile=f"1{choose('3578')}{self.rng.randint(0, 9)}0000{self.count:04d}",
            hukou_province=province,
            school=choose(self.pools["schools"]),
            major=choose(self.pools["majors"]),
        )
