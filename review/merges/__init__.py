"""重复人员合并: one person who stood on the platform as two, by the association, reversible for 30 days."""
