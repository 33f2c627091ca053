#!/usr/bin/env python3
"""核对数据包: python3 verify.py [文件夹] [--sha256 公布的校验值]

Checks the bytes of every file, the schema of every table, the digest of every person, the SHA-256 of the edition and
what the tables add up to. Needs Python 3.6 or newer and nothing else, neither the portal nor a network.
"""

import csv
import hashlib
import json
import os
import sys

FORMAT = "edition-1"
MOST_TOLD = 20


class Check:
    """What was found to be wrong, and how much was looked at."""

    def __init__(self, folder):
        self.folder = folder
        self.faults = []
        self.done = []

    def fault(self, text):
        self.faults.append(text)

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def read_json(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def rows(self, name):
        """(line, row) of a table; the heading is line 1."""
        csv.field_size_limit(2**31 - 1)
        with open(self.path(name), encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                yield number, row


def file_sha256(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            whole.update(piece)
    return whole.hexdigest()


def check_files(check):
    """SHA256SUMS: every file is there, none is changed, none was added."""
    listed = {}
    with open(check.path("SHA256SUMS"), encoding="utf-8") as file:
        for line in file:
            digest, _, name = line.rstrip("\n").partition("  ")
            listed[name] = digest
    for name in sorted(listed):
        if not os.path.isfile(check.path(name)):
            check.fault("缺少文件 %s" % name)
        elif file_sha256(check.path(name)) != listed[name]:
            check.fault("文件被改动：%s" % name)
    for folder, _, names in os.walk(check.folder):
        for each in names:
            name = os.path.relpath(os.path.join(folder, each), check.folder).replace(os.sep, "/")
            if name not in listed and name != "SHA256SUMS":
                check.fault("多出的文件 %s" % name)
    check.done.append("文件 %d 个" % len(listed))


def check_lines(check):
    """ROWSUMS: which line of a table is changed, missing or added."""
    expected = {}
    with open(check.path("ROWSUMS"), encoding="utf-8") as file:
        for line in file:
            name, number, digest = line.rstrip("\n").split("\t")
            expected.setdefault(name, {})[int(number)] = digest
    for name in sorted(expected):
        if not os.path.isfile(check.path(name)):
            continue
        wanted, number, told = expected[name], 0, 0
        with open(check.path(name), "rb") as file:
            for number, line in enumerate(file, 1):
                if (
                    hashlib.sha256(line.rstrip(b"\n")).hexdigest()[:16] != wanted.get(number)
                    and told < MOST_TOLD
                ):
                    told += 1
                    check.fault("%s 第 %d 行被改动" % (name, number))
        if number != len(wanted):
            check.fault("%s 应有 %d 行，现有 %d 行" % (name, len(wanted), number))
    check.done.append("逐行核对 %d 张表" % len(expected))


def is_of_type(value, kind):
    if value == "":
        return True
    if kind == "integer":
        return value.lstrip("-").isdigit()
    if kind == "date":
        return len(value) == 10 and value[4] == value[7] == "-" and value.replace("-", "").isdigit()
    if kind == "boolean":
        return value in ("true", "false")
    return True


def check_schema(check):
    """datapackage.json: headings, types, required values, keys, number of rows."""
    for resource in check.read_json("datapackage.json")["resources"]:
        name, fields = resource["path"], resource["schema"]["fields"]
        key = resource["schema"].get("primaryKey", [])
        if not os.path.isfile(check.path(name)):
            continue
        seen, number = set(), 0
        for number, row in check.rows(name):
            if number == 1:
                if row != [field["name"] for field in fields]:
                    check.fault("%s 的表头与 datapackage.json 不符" % name)
                    break
                continue
            if len(row) != len(fields):
                check.fault("%s 第 %d 行有 %d 列，应有 %d 列" % (name, number, len(row), len(fields)))
                continue
            for field, value in zip(fields, row):
                if not is_of_type(value, field["type"]):
                    check.fault("%s 第 %d 行“%s”不是 %s" % (name, number, field["title"], field["type"]))
                if value == "" and field.get("constraints", {}).get("required"):
                    check.fault("%s 第 %d 行“%s”为空" % (name, number, field["title"]))
            if key:
                found = tuple(row[place] for place, field in enumerate(fields) if field["name"] in key)
                if found in seen:
                    check.fault("%s 第 %d 行重复" % (name, number))
                seen.add(found)
        if number - 1 != resource["rows"]:
            check.fault("%s 应有 %d 行数据，现有 %d 行" % (name, resource["rows"], number - 1))
    check.done.append("表结构")


def check_persons(check, edition):
    """Each person's digest, and the edition's SHA-256 of them all."""
    if not os.path.isfile(check.path("persons.csv")):
        check.done.append("本包不含名单，版本校验值不能由名单重算")
        return {}
    columns = edition["columns"]
    first = json.dumps(
        [FORMAT, edition["rules"], edition["facts_on"], edition["taken_at"]], ensure_ascii=False
    )
    whole = hashlib.sha256(first.encode("utf-8") + b"\n")
    counts, places, last = {}, {}, -1
    for number, row in check.rows("persons.csv"):
        if number == 1:
            places = {name: place for place, name in enumerate(row)}
            continue
        if len(row) != len(places):
            continue
        texts = [row[places[name]] for name in columns]
        digest = hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode("utf-8"))
        person = int(texts[0])
        if digest.hexdigest() != row[places["digest"]]:
            check.fault("persons.csv 第 %d 行（人员序号 %d）与其校验值不符" % (number, person))
        if person <= last:
            check.fault("persons.csv 第 %d 行（人员序号 %d）重复或次序不对" % (number, person))
        last = person
        whole.update(digest.digest())
        standing = row[places["standing"]]
        counts[standing] = counts.get(standing, 0) + 1
    if whole.hexdigest() != edition["sha256"]:
        check.fault("由名单重算的版本校验值与登记的 %s 不符" % edition["sha256"])
    if counts != edition["counts"]:
        check.fault("名单人数与登记的人数不符")
    check.done.append("名单 %d 人逐人重算，版本校验值" % sum(counts.values()))
    return counts


def check_sums(check, edition):
    """What the tables add up to is what is registered."""
    for name in ("tables/counts.csv", "tables/bases.csv"):
        if not os.path.isfile(check.path(name)):
            continue
        counts, places = {}, {}
        for number, row in check.rows(name):
            if number == 1:
                places = {each: place for place, each in enumerate(row)}
                continue
            if len(row) != len(places):
                continue
            standing, persons = row[places["standing"]], row[places["number"]]
            counts[standing] = counts.get(standing, 0) + (int(persons) if persons.isdigit() else 0)
        if counts != edition["counts"]:
            check.fault("%s 的合计与登记的人数不符" % name)
    check.done.append("各表合计")
    balance = "tables/balance.csv"
    if os.path.isfile(check.path(balance)):
        for number, row in check.rows(balance):
            if number > 1 and row[-1] not in ("", "0"):
                check.fault("%s 第 %d 行不平，差 %s 人" % (balance, number, row[-1]))
        check.done.append("人数平衡")


def main(arguments):
    published = ""
    if "--sha256" in arguments:
        place = arguments.index("--sha256")
        published = arguments[place + 1]
        arguments = arguments[:place] + arguments[place + 2 :]
    check = Check(arguments[0] if arguments else os.path.dirname(os.path.abspath(__file__)))
    try:
        check_files(check)
        check_lines(check)
        edition = check.read_json("edition.json")
        check_schema(check)
        check_persons(check, edition)
        check_sums(check, edition)
        if published and published != edition["sha256"]:
            check.fault("edition.json 的校验值与公布的 %s 不符" % published)
    except (OSError, ValueError, KeyError, IndexError) as broken:
        check.fault("无法读取数据包：%s" % broken)
    for each in check.done:
        print("已核对：%s" % each)
    for each in check.faults:
        print("错误：%s" % each)
    print("核对未通过，共 %d 处错误。" % len(check.faults) if check.faults else "核对通过。")
    return 1 if check.faults else 0


if __name__ == "__main__":
    # A console of another code page shows what it can.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:]))
