"""接口密钥: keys for the platforms of provinces."""
