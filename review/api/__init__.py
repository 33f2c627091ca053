"""接口传送: what a province's own platform may do here over HTTP (BR-05 … BR-09, AM-01, AM-02; GOAL-N3, GOAL-N4)."""
