"""工作簿: every kind of workbook, its columns, how its rows are judged and written."""
