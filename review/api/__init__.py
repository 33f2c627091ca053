"""接口传送: what a province's own platform may do here over HTTP (BR-05 … 09, AM-01, 02; GOALS N3, N4)."""
