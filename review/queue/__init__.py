"""待审核: the reviewer's queue, and deciding many records at once."""
