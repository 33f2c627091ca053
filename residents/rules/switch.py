"""报送方式切换申请: the seven items of Annex 2 (docs/fields.md#switch, BR-07, BR-24).

Context: `today`, `own_province` (the applying one), `transfer_deadline` (last day of 接口传送, BR-09).
"""

from collections.abc import Mapping
from typing import Any

from residents.rules.fields import Field, Problems, add, missing_fields, require, without_empty

FIELDS: tuple[Field, ...] = (
    Field("province", "省份", "code", codes="province", required=True, owner="auto"),
    Field("official_name", "省级卫生行政部门负责人", "text", max_length=50, required=True),
    Field("official_contact", "省级卫生行政部门负责人联系方式", "text", max_length=50, required=True),
    Field("vendor_contact_name", "技术公司联系人", "text", max_length=50, required=True),
    Field("vendor_contact", "技术公司联系人联系方式", "text", max_length=50, required=True),
    Field("module", "申请模块", "code", codes="switch_module", required=True, owner="auto"),
    Field("requested_at", "申请切换时间", "date", required=True),
)


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors of an application; it is sent complete or not at all."""
    found: Problems = {}
    values = without_empty(values)
    require(FIELDS, values, found)
    own = context.get("own_province")
    if values.get("province") and own and values["province"] != own:
        add(found, "province", "switch_other_province")
    day, today, deadline = values.get("requested_at"), context.get("today"), context.get("transfer_deadline")
    if day is not None and today is not None and day < today:
        add(found, "requested_at", "switch_in_past")
    elif day is not None and deadline is not None and day > deadline:
        add(found, "requested_at", "switch_after_deadline", deadline=deadline)
    return found


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Items still without a value."""
    return missing_fields(FIELDS, values, context)
