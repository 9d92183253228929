"""What people read: model cards and reports. Text from batches is untrusted and always escaped."""

from techner.reports.render import card, environment, origin_card, report

__all__ = ["card", "environment", "origin_card", "report"]
