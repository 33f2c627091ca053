"""签署: base, province and association each sign their part of an edition, one after the other."""
