"""工作人员: appointing, changing and dismissing the staff of bases and provinces."""
