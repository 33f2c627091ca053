"""Order of names in lists."""

import pytest

from residents.pinyin import LONGEST_KEY, pinyin_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("陈雨桐", "chen yu tong"),
        ("曾单", "zeng dan"),
        ("古丽米热·艾比布力", "gu li mi re · ai bi bu li"),
        ("Anna Li", "a n n a   l i"),
        ("张𠮷", "zhang 𠮷"),
        ("", ""),
    ],
)
def test_pinyin_key_spells_a_name(name, key):
    """A family name has its own reading; a character without one (PAIN-09) stays what it is."""
    assert pinyin_key(name) == key


def test_pinyin_key_of_the_longest_name_fits_its_column():
    assert len(pinyin_key("庄" * 50)) == LONGEST_KEY
