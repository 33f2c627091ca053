"""住院医师记录: one training record with its 培训信息 and 培训状态, as the base keeps it."""
