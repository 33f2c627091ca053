"""Going through a part's XML with an object that follows it."""

from typing import Protocol, TypeVar
from xml.parsers import expat

Found = TypeVar("Found")


class Walk(Protocol[Found]):
    """What follows the XML, and keeps in `found` what it looks for."""

    found: Found

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


def follow(walk: Walk[Found], xml: bytes) -> Found:
    """Sends every beginning, end and text of `xml` to the methods of `walk`; returns what it has `found`."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.Parse(xml, True)
    return walk.found
