"""机构目录: provinces, training bases and their accredited specialties."""
