"""The 32 reviewing units (BR-22) and the specialties of docs/codes.md#specialties: no deployment works without them."""

from django.db import migrations

PROVINCES = """11北京市 12天津市 13河北省 14山西省 15内蒙古自治区 21辽宁省 22吉林省 23黑龙江省 31上海市 32江苏省 33浙江省
34安徽省 35福建省 36江西省 37山东省 41河南省 42湖北省 43湖南省 44广东省 45广西壮族自治区 46海南省 50重庆市 51四川省 52贵州省
53云南省 54西藏自治区 61陕西省 62甘肃省 63青海省 64宁夏回族自治区 65新疆维吾尔自治区 66新疆生产建设兵团""".split()
SHORT_NAMES = {
    "15": "内蒙古",
    "45": "广西",
    "54": "西藏",
    "64": "宁夏",
    "65": "新疆",
    "66": "新疆兵团",
    "23": "黑龙江",
}

SPECIALTIES = """0100内科 0200儿科 0300急诊科 0400皮肤科 0500精神科 0600神经内科 0700全科 0800康复医学科 0900外科
1000外科（神经外科方向） 1100外科（胸心外科方向） 1200外科（泌尿外科方向） 1300外科（整形外科方向） 1400骨科 1500儿外科
1600妇产科 1700眼科 1800耳鼻咽喉科 1900麻醉科 2000临床病理科 2100检验医学科 2200放射科 2300超声医学科 2400核医学科
2500放射肿瘤科 2600医学遗传科 2700预防医学科 2800口腔全科 2900口腔内科 3000口腔颌面外科 3100口腔修复科 3200口腔正畸科
3300口腔病理科 3400口腔颌面影像科""".split()


def load(apps, schema_editor):
    province = apps.get_model("bases", "Province")
    for entry in PROVINCES:
        code, name = entry[:2], entry[2:]
        province.objects.update_or_create(
            code=code, defaults={"name": name, "short_name": SHORT_NAMES.get(code, name[:2])}
        )
    specialty = apps.get_model("bases", "Specialty")
    for entry in SPECIALTIES:
        specialty.objects.update_or_create(code=entry[:4], defaults={"name": entry[4:]})
    # Added to the catalogue after 2019; the year is editable.
    specialty.objects.update_or_create(code="3700", defaults={"name": "重症医学科", "valid_from": 2020})


class Migration(migrations.Migration):
    dependencies = [("bases", "0003_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
