"""The pages of 住院医师."""
