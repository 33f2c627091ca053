"""转换基地: requests between bases, seen by province and association."""
