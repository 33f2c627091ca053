"""What a fresh database holds before anybody has entered anything."""

from bases.models import Province
from bases.models.organisations import ReportingMode


def test_every_province_and_the_corps_review_and_report_directly(db):
    """BR-22: 31 provinces and 新疆生产建设兵团. BR-10, BR-88: the interface is for those who ask for it and pass the
    joint test; everybody else, at first all of them, reports directly."""
    units = Province.objects.all()

    assert len(units) == 32
    assert units.get(pk="66").name == "新疆生产建设兵团"
    assert {unit.reporting_mode for unit in units} == {ReportingMode.DIRECT}
    assert not units.filter(integration_tested_at__isnull=False)
