"""并入与划转: a base goes on in another base or another province, in one act (AM-46)."""
