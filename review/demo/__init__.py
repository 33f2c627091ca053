"""示例数据: the made-up nation that the demo and the measurements draw from."""
