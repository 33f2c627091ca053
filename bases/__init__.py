"""培训基地: the desk of the training bases, room by room."""
