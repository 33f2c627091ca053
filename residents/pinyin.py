"""The pinyin of a name: the column that lists are ordered by, since no PostgreSQL wheel sorts Chinese."""

from functools import lru_cache

from pypinyin import lazy_pinyin

LONGEST_KEY = 200

# Characters that are read otherwise as a family name.
_SURNAMES = {
    "曾": "zeng",
    "单": "shan",
    "解": "xie",
    "仇": "qiu",
    "朴": "piao",
    "查": "zha",
    "区": "ou",
    "任": "ren",
    "盖": "ge",
    "翟": "zhai",
    "乐": "yue",
    "缪": "miao",
    "员": "yun",
    "尹": "yin",
    "宓": "mi",
    "洗": "xian",
    "覃": "qin",
    "芮": "rui",
    "繁": "po",
    "召": "shao",
    "折": "she",
    "谌": "chen",
    "牟": "mou",
    "幺": "yao",
}


@lru_cache(maxsize=32_768)
def _of_character(character: str) -> str:
    return lazy_pinyin(character)[0].lower()


def pinyin_key(name: str) -> str:
    """Lower-case syllables with a space between them ("chen yu tong"), cut at LONGEST_KEY; "" for no name.

    One character at a time: whole names go through a phrase dictionary, which costs ten times as much and says
    nothing about names. Characters without a reading stay as they are.
    """
    if not name:
        return ""
    first = _SURNAMES.get(name[0]) or _of_character(name[0])
    return " ".join([first, *map(_of_character, name[1:])])[:LONGEST_KEY]
