"""What a scan may be, as every field, form and refusal says it; by its bytes it is judged in
residents/services/uploads.py."""

KINDS = "JPG、PNG、HEIC 或 PDF"
MAX_MB = 10
HELP = f"{KINDS}，不超过{MAX_MB} MB。"
# What the browser offers to choose from.
ACCEPT = "image/jpeg,image/png,image/heic,image/heif,application/pdf"
