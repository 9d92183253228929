"""What people read: model cards and reports. Text from batches is untrusted and always escaped."""

from techner.reports.batch import Excerpt, batch_report, shown_rows
from techner.reports.render import card, environment, origin_card, report

__all__ = ["Excerpt", "batch_report", "card", "environment", "origin_card", "report", "shown_rows"]
