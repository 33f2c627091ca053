"""经费核算: who counts for the central funds, the sums, and the balance with the edition before (GOAL-N9)."""
