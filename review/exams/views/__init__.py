"""The pages of 结业考核."""
