"""数据包: an edition as a zip that its recipient checks without the portal (GOAL-N8)."""
