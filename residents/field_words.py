"""What a workbook asks of a field, in words: made from the fields themselves, so that no template says it otherwise."""

from collections.abc import Sequence

from residents.rules import account, status, training
from residents.rules.fields import Field
from residents.words import in_words

# A longer list is looked up in the drop-down list of the column.
_MOST_NAMED = 9
_NAMED = {field.name: field for field in (*account.FIELDS, *training.FIELDS, *status.FIELDS)}
_EXAMPLES = {"date": "2019-09-01", "month": "2019-09"}
_FORMS = {
    "date": "年-月-日",
    "month": "年-月",
    "uscc": "18位统一社会信用代码",
    "mobile": "11位手机号",
    "phone": "11位手机号，境外号码前加“+”和代码",
}


def need_in_words(field: Field) -> str:
    """When the field has to be filled in."""
    if held := condition_in_words(field):
        return f"{held}时{'必填' if field.required else '选填'}"
    return "上报前必填" if field.required else "选填"


def condition_in_words(field: Field) -> str:
    """What other fields must hold for this one to be asked; empty for a field that is always asked."""
    return "，且".join(_condition(name, allowed) for name, allowed in (*field.asked, *field.needed))


def _condition(name: str, allowed: Sequence) -> str:
    other = _NAMED[name]
    words = "、".join(f"“{in_words(other, value)}”" for value in allowed if value is not None)
    return f"“{other.label}”为{words}"


def rule_in_words(field: Field, choices: Sequence[str]) -> str:
    """What the column may contain."""
    parts = [_form(field, choices)]
    if field.asked:
        parts.append("其他情况留空")
    # The words of a list that names both answers say what 是 and 否 would mean.
    if field.help and field.kind != "bool":
        parts.append(field.help.rstrip("。"))
    return "。".join(part for part in parts if part) + "。"


def _form(field: Field, choices: Sequence[str]) -> str:
    if choices:
        named = f"：{'、'.join(choices)}" if len(choices) <= _MOST_NAMED else ""
        return f"从下拉列表中选择{named}"
    if field.kind == "int":
        return f"{field.minimum}至{field.maximum}之间的整数"
    if field.kind == "text" and field.max_length:
        return f"文字，最多{field.max_length}个字"
    return _FORMS.get(field.kind, "")


def example_of(field: Field, choices: Sequence[str]) -> str:
    if field.example or field.kind in _EXAMPLES:
        return field.example or _EXAMPLES[field.kind]
    return choices[0] if choices else ""
