"""A nation's bases: some 860 in 32 provinces with their accredited specialties, and how people spread over them."""

import itertools
import json
import math
import random
from collections.abc import Collection

from django.conf import settings

from bases.models import Province, SpecialtyBase, TrainingBase

BASES = 860
# Of the demo and of what else is there the numbers are lower.
FIRST_NUMBER = 101
# The largest base has eight times the people of the one in the middle.
_SPREAD = 0.67


def words() -> dict:
    """Surnames with their frequency, and the other words and weights that the nation is made of."""
    return json.loads((settings.BASE_DIR / "fixtures" / "nation.json").read_text(encoding="utf-8"))


def add_bases(count: int = BASES, *, seed: int = 854) -> list[TrainingBase]:
    """So many bases more, none less than one a province, as many in each as it has people in training; each is
    accredited for some ten specialties. The same seed makes the same ones."""
    rng, found = random.Random(seed), words()  # nosec B311 # demo data
    weights = found["provinces"]
    total = sum(weights.values())
    added: list[TrainingBase] = []
    for province in Province.objects.all():
        names = [f"{city}市{hospital}" for city in found["cities"] for hospital in found["hospitals"]]
        rng.shuffle(names)
        here = max(1, round(count * weights[province.code] / total))
        for number, name in enumerate(names[:here], FIRST_NUMBER):
            code = f"{province.code}{number:03d}"
            added.append(
                TrainingBase(
                    province=province, code=code, name=f"{province.short_name}示范{name}", name_key=code
                )
            )
    TrainingBase.objects.bulk_create(added)
    codes, shares = list(found["specialties"]), list(found["specialties"].values())
    SpecialtyBase.objects.bulk_create(
        SpecialtyBase(base=base, specialty_id=code)
        for base in added
        for code in sorted({*rng.choices(codes, shares, k=rng.randint(6, 30)), *codes[:3]})
    )
    return added


def programmes(bases: Collection[int], *, seed: int) -> tuple[list[int], list[str], list[float]]:
    """Every accredited specialty of these bases: base, code, and which part of all people is in it or in one before.

    Bases differ as they do in the nation: by province, by size, and by what is studied there.
    """
    rng, found = random.Random(seed), words()  # nosec B311 # demo data
    provinces, specialties = found["provinces"], found["specialties"]
    # In the order of their codes, since ids differ from database to database.
    rows = list(
        SpecialtyBase.objects.filter(base__in=bases)
        .order_by("base__code", "specialty_id")
        .values_list("base_id", "base__province_id", "specialty_id")
    )
    sizes: dict[int, float] = {}
    of_province: dict[str, float] = {}
    for base, province in dict.fromkeys((base, province) for base, province, _ in rows):
        sizes[base] = math.exp(rng.gauss(0, _SPREAD))
        of_province[province] = of_province.get(province, 0) + sizes[base]
    of_base: dict[int, float] = {}
    for base, _, code in rows:
        of_base[base] = of_base.get(base, 0) + specialties.get(code, 1)
    weights = [
        provinces[province] * sizes[base] / of_province[province] * specialties.get(code, 1) / of_base[base]
        for base, province, code in rows
    ]
    total = sum(weights)
    upto = [part / total for part in itertools.accumulate(weights)]
    return [base for base, _, _ in rows], [code for _, _, code in rows], upto
