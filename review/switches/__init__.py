"""报送方式切换: the application of 附件2, from draft to reversal (BR-07, BR-08)."""
