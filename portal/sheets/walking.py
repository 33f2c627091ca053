"""Going through a part's XML with an object that follows it."""

from xml.parsers import expat


def follow(walk, xml):
    """Sends every beginning, end and text of `xml` to the methods of `walk`; returns what it has `found`."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.Parse(xml, True)
    return walk.found
