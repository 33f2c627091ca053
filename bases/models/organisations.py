"""机构: provinces, training bases (培训基地), specialties (培训专业) and who is accredited for which."""

import pghistory
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from residents.codes import training


class ReportingMode(models.TextChoices):
    DIRECT = training.DIRECT_ENTRY, "直接填报"
    API = training.API_TRANSFER, "接口传送"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Province(models.Model):
    """One reviewing unit: 31 provinces and the Xinjiang Corps (BR-22). The mode is the province's (BR-05, BR-10,
    BR-88)."""

    code = models.CharField("代码", max_length=2, primary_key=True)
    name = models.CharField("名称", max_length=20, unique=True)
    short_name = models.CharField("简称", max_length=10)
    reporting_mode = models.CharField(
        "报送方式", max_length=1, choices=ReportingMode, default=ReportingMode.DIRECT
    )
    # From when a confirmed switch to 接口传送 will hold (AM-38): until then the direct steps last at the most.
    switches_at = models.DateTimeField("切换为接口传送的时间", null=True, blank=True)
    integration_tested_at = models.DateTimeField("接口联调通过时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "省级行政部门"
        ordering = ["code"]
        default_permissions = ("view",)
        permissions = [("act_province", "可代表本省办理")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class TrainingBase(models.Model):
    """One accredited hospital (培训基地), a tenant of the portal."""

    # How many of its records wait for review, where review.assignments has counted them.
    waiting: int

    class ActivationPolicy(models.TextChoices):
        MOBILE = "mobile", "000000 + 导入时的手机号"
        CODE = "code", "随机一次性初始密码（打印发放）"

    province = models.ForeignKey(Province, models.PROTECT, related_name="bases", verbose_name="省份")
    code = models.CharField("基地代码", max_length=12, unique=True)
    name = models.CharField("名称", max_length=100)
    name_key = models.CharField("拼音序", max_length=200, blank=True)
    uscc = models.CharField("统一社会信用代码", max_length=18, blank=True)
    activation_policy = models.CharField(
        "住院医师首次登录方式",
        max_length=10,
        choices=ActivationPolicy.choices,
        default=ActivationPolicy.MOBILE,
    )
    is_active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "培训基地"
        ordering = ["province_id", "code"]
        default_permissions = ("view",)
        permissions = [("act_trainingbase", "可代表本基地办理")]
        constraints = [
            models.UniqueConstraint(fields=["province", "name"], name="base_name_once_per_province")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def heir(self) -> "TrainingBase | None":
        """Who goes on for a base out of use, the last of a row of mergers (AM-46); None for one in use and where nobody
        does. A query a merger."""
        base, seen = self, {self.pk}
        while not base.is_active:
            done = base.successions.filter(carried_out_at__isnull=False, successor__isnull=False)
            last = done.select_related("successor").order_by("-carried_out_at").first()
            heir = last.successor if last else None
            if heir is None or heir.pk in seen:
                return None
            base = heir
            seen.add(base.pk)
        return None if base is self else base


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Specialty(models.Model):
    """One training specialty of the national catalogue (docs/codes.md#specialties), valid for the intake years
    given."""

    code = models.CharField("代码", max_length=4, primary_key=True)
    name = models.CharField("名称", max_length=40, unique=True)
    valid_from = models.PositiveSmallIntegerField("启用年份", default=2014)
    valid_to = models.PositiveSmallIntegerField("停用年份", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "培训专业"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class SpecialtyBase(models.Model):
    """The accreditation of one specialty at one base (专业基地), for the intake years given."""

    base = models.ForeignKey(TrainingBase, models.PROTECT, related_name="specialty_bases")
    specialty = models.ForeignKey(Specialty, models.PROTECT, related_name="+")
    valid_from = models.PositiveSmallIntegerField("起始招收年份", default=2014)
    valid_to = models.PositiveSmallIntegerField("终止招收年份", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "专业基地"
        ordering = ["specialty_id"]
        default_permissions = ("view",)
        permissions = [("act_specialtybase", "可代表本专业基地办理")]
        constraints = [models.UniqueConstraint(fields=["base", "specialty"], name="specialty_once_per_base")]

    def __str__(self) -> str:
        return f"{self.base} {self.specialty}"

    @property
    def name(self) -> str:
        """As pages call it, beside the names of bases and provinces."""
        return f"{self.base.name} {self.specialty.name}专业基地"


# Direct foreign-key grant tables: guardian's generic one is four times slower to read and cannot be constrained.
class ProvinceUserGrant(UserObjectPermissionBase):
    content_object = models.ForeignKey(Province, models.CASCADE)


class ProvinceGroupGrant(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Province, models.CASCADE)


class TrainingBaseUserGrant(UserObjectPermissionBase):
    content_object = models.ForeignKey(TrainingBase, models.CASCADE)


class TrainingBaseGroupGrant(GroupObjectPermissionBase):
    content_object = models.ForeignKey(TrainingBase, models.CASCADE)


class SpecialtyBaseUserGrant(UserObjectPermissionBase):
    content_object = models.ForeignKey(SpecialtyBase, models.CASCADE)


class SpecialtyBaseGroupGrant(GroupObjectPermissionBase):
    content_object = models.ForeignKey(SpecialtyBase, models.CASCADE)
