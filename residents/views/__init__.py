"""The resident's own pages: 我的信息, its sections one by one, 培训信息, 修改与查看记录."""
