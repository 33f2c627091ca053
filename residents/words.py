"""A record in words: which blocks it has, in which order, and how a stored value is worded for people."""

from dataclasses import dataclass
from typing import Any

from portal.masking import mask
from residents.codes import CODE_LISTS
from residents.places import name_in_words
from residents.rules import account, basic, certificate, education, status, training, work
from residents.rules.fields import Field

_IDENTITY = {field.name for field in account.FIELDS}


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a record: its key, its Chinese name, its fields in the order of the form."""

    key: str
    label: str
    fields: tuple[Field, ...]


BLOCKS = (
    Block("identity", "身份信息", account.FIELDS),
    Block("basic", "基本信息", tuple(field for field in basic.FIELDS if field.name not in _IDENTITY)),
    Block("education", "学习经历", education.FIELDS),
    Block("work", "工作信息", work.FIELDS),
    Block("certificate", "证书信息", certificate.FIELDS),
    Block("training", "培训信息", training.FIELDS),
    Block("status", "培训状态", status.FIELDS),
)

_PLACES = {block.key: block.label for block in BLOCKS} | {
    f"{block.key}.{item.name}": item.label for block in BLOCKS for item in block.fields
}

# A label that names both answers needs the answer itself in place of 是/否.
_ANSWERS = {"is_fresh_graduate": ("应届生", "往届生")}
# The last 18 characters of a qualification certificate's number are the ID number.
_PERSONAL_NUMBERS = frozenset({"qualification_no"})
_PERSONAL_KINDS = frozenset({"id_number", "mobile", "phone"})


def place_in_words(path: str) -> str:
    """The label of the field or block that a comment speaks of ("block.field", "block"), without its row; empty for a
    whole record."""
    block, _, _ = path.partition(".")
    # 手机号 belongs to the identity of a record and is edited with 基本信息.
    return _PLACES.get(path) or _PLACES.get("basic" if block == "identity" else block, "")


def row_in_words(path: str, name: str) -> str:
    """The same of the row of this name (residents/places.py): a field of it, or all of it."""
    label = place_in_words(path)
    return f"{name_in_words(name)}：{label}" if "." in path else f"{label}（{name_in_words(name)}）"


def in_words(field: Field, value: Any, *, masked: bool = True) -> str:
    """A stored value as people read it, empty for none; numbers that identify a person are masked by default."""
    if value is None or value == "":
        return ""
    if field.kind == "bool":
        return _ANSWERS.get(field.name, ("是", "否"))[not value]
    if field.kind == "file":
        return "已上传"
    if field.codes is not None:
        return CODE_LISTS[field.codes].label(str(value))
    text = str(value)
    if field.kind == "month":
        return text[:7]
    if masked and (field.kind in _PERSONAL_KINDS or field.name in _PERSONAL_NUMBERS):
        return mask(text)
    return text
