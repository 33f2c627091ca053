"""年鉴: the statistics of an edition with rates, cohorts and trends, as A4 pages (GOAL-N11)."""
