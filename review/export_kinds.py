"""Which lists can be exported: each with what makes its sheet. Read once at start (review/apps.py)."""

from review.completions import statistics as completion_statistics
from review.editions import export as edition_export
from review.exams import roster
from review.exports.jobs import KINDS, ListKind
from review.funding import summary as funding
from review.packages import kind as package
from review.quality import export as quality_export
from review.records import export as resident_export
from review.statistics import export as statistics_export
from review.statistics import full_export

KINDS |= {
    "statistics_list": ListKind("统计名单", statistics_export.list_sheet, statistics_export.list_in_words),
    "records_in_full": ListKind(
        "完整采集信息", full_export.record_sheet, statistics_export.list_in_words, is_wide=True
    ),
    "completions_list": ListKind(
        "提前结业名单",
        completion_statistics.list_sheet,
        completion_statistics.list_in_words,
    ),
    "quality_list": ListKind("数据质量提示", quality_export.list_sheet),
    "edition_differences": ListKind(
        "版间差异", edition_export.difference_sheet, edition_export.difference_words, is_wide=True
    ),
    "edition_package": ListKind("数据包", package.sheet, package.words, archive=package.content),
    "exam_roster": ListKind("考核报名名册", roster.roster_sheet, roster.roster_words),
    "exam_photos": ListKind("考核照片包", roster.photo_sheet, roster.photo_words, archive=roster.photos),
    "exam_certificates": ListKind("证书名册", roster.certificate_sheet),
    "funding_roster": ListKind("核算花名册", funding.roster_sheet, funding.roster_words),
    "residents_list": ListKind("住院医师名单", resident_export.list_sheet),
}
