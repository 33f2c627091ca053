from django.db import models


class ReturnReason(models.TextChoices):
    """Why a province returns a record to its base (GOALS P4); it judges training info and status above all (BR-62)."""

    IDENTITY = "01", "姓名、证件或联系方式有误"
    EDUCATION = "02", "学历、学位信息有误"
    CERTIFICATE = "03", "医师资格或执业证书信息有误"
    SPECIALTY = "04", "培训专业有误"
    TRAINEE_TYPE = "05", "人员类型或单位信息有误"
    YEARS = "06", "核定培训年限或减免依据有误"
    DATES = "07", "培训起止时间有误"
    STATUS = "08", "培训状态或变更原因有误"
    SUPPORT = "09", "农村订单定向、西部支援或应届信息有误"
    INCOMPLETE = "10", "信息不完整"
    OTHER = "99", "其他"
