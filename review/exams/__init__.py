"""结业考核: who is due, signed up by base and province, results by workbook, certificates (GOAL-N10)."""
