"""附件1: the 13 columns of the notice in its order, as template, import and export (BR-17, BR-23)."""

from django.conf import settings

from bases.models import TrainingBase
from bases.workbooks.resource import WorkbookResource, column
from portal.sheets.writing import Column, write_template
from residents.codes import CODE_LISTS
from residents.rules import completion, scans
from residents.rules.fields import Field

_EXAMPLES = {
    "full_name": "古丽米热·艾比布力",
    "id_type": "居民身份证",
    "mobile": "13800138000",
    "approved_years": "2",
    "actual_start_date": "2014-09-01",
    "actual_end_date": "2016-08-31",
    "certificate_date": "2016-10-20",
}
_WIDTHS = {"id_number": 24, "training_base": 34, "certificate_no": 24, "trainee_type": 26}


# Early completions of 2015–2016; every column is required and bears the notice's asterisk in the template.
CompletionResource: type[WorkbookResource] = type(
    "CompletionResource",
    (WorkbookResource,),
    {
        "title": "提前结业信息采集模板",
        "version": "提前结业信息采集模板 1",
        "unchanged_word": "已补报，未重复补报",
        **{field.name: column(field) for field in completion.FIELDS},
    },
)


def completion_template(province_code: str) -> bytes:
    """The empty template of one province, offering its own bases by name (BR-17)."""
    bases = list(
        TrainingBase.objects.filter(province=province_code).order_by("code").values_list("name", flat=True)
    )
    columns = [_template_column(field, bases, province_code) for field in completion.FIELDS]
    notes = [
        "用途：2015至2016年因培训年限减免提前结业、并通过省级结业考核的住院医师信息补报，由省级卫生健康委科教处上传。",
        f"一行一人，一次最多{settings.WORKBOOK_MAX_ROWS}行，13列全部必填。列的先后可以调整，请不要改动表头文字。",
        "所有单元格请保持文本格式：证件号、证书编号如按数字输入，表格软件会丢失末尾数字，该行会被退回。",
        f"培训基地填全称或代码；日期写成 2016-08-31。上传时须同时提供结业证书模板的电子版（{scans.KINDS}）。",
    ]
    return write_template(
        columns, sheet_name=CompletionResource.title, notes=notes, version=CompletionResource.version
    )


def _template_column(field: Field, bases: list[str], province_code: str) -> Column:
    choices: list[str] = []
    example = _EXAMPLES.get(field.name, "")
    if field.name == "training_base":
        choices = bases
    elif field.name == "province":
        choices = [CODE_LISTS["province"].label(province_code)]
    elif field.name == "approved_years":
        choices = ["1", "2"]
    elif field.codes:
        choices = list(CODE_LISTS[field.codes].offered.values())
    return Column(
        f"*{field.label}",
        width=_WIDTHS.get(field.name, 20),
        required=True,
        rule=field.help,
        example=example,
        choices=choices,
    )
