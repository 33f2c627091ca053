"""The examples for copying on the page of the interface; a test runs the record and the program."""

import json
from typing import Any

RECORD: dict[str, Any] = {
    "external_id": "ZJ-2019-000001",
    "account": {
        "intake_year": 2019,
        "full_name": "陈雨桐",
        "id_type": "01",
        "id_number": "330106199503120014",
        "mobile": "13800138000",
    },
    "basic": {
        "nationality": "CHN",
        "ethnicity": "01",
        "hukou_province": "33",
        "email": "chenyutong@example.com",
        "emergency_name": "陈建国",
        "emergency_mobile": "13700000001",
        "military_status": "0",
    },
    "education": [
        {
            "level": "3",
            "is_full_time": True,
            "is_enrolled": False,
            "school": "浙江大学",
            "major": "临床医学",
            "graduation_date": "2019-06-30",
            "education_code": "21",
            "has_diploma": True,
            "diploma_no": "103351201905000123",
            "diploma_date": "2019-06-30",
            "has_degree": True,
            "degree_code": "410",
            "degree_no": "1033542019000123",
            "degree_date": "2019-06-30",
        }
    ],
    "certificate": {"passed_qualification_exam": False},
    "training": {
        "training_base": "基地代码或全称",
        "specialty": "0100",
        "trainee_type": "3",
        "is_fresh_graduate": True,
        "is_rural_oriented": False,
        "approved_years": 3,
        "actual_start_date": "2019-09-01",
        "at_partner_unit": False,
        "is_western_support": False,
    },
}

PROGRAM = '''\
import json
import time
import urllib.error
import urllib.request
import uuid


def deliver(origin, key, records):
    """传送一批；断线、超时或平台繁忙时用同一个 Idempotency-Key 重试。"""
    body = json.dumps({"declared": True, "records": records}).encode()
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    for attempt in range(10):
        request = urllib.request.Request(
            f"{origin}/api/v1/recruitments", data=body, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            wait = problem.headers.get("Retry-After")
            if wait is None and problem.code not in (500, 502, 503, 504):
                raise
            time.sleep(int(wait or 5))
        except OSError:
            time.sleep(min(2**attempt, 60))
    raise RuntimeError("多次重试仍未成功，请稍后用同一批数据再试。")
'''


def in_curl() -> str:
    """The record as the body of a dry run."""
    body = {"declared": True, "dry_run": True, "records": [RECORD]}
    return json.dumps(body, ensure_ascii=False, indent=1)
