"""导出: lists of people as files, made in the background, and who fetched them."""
