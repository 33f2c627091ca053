"""The pages of 机构目录."""
