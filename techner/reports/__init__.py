"""What people read: model cards and reports. Text from batches is untrusted and always escaped."""

from techner.reports.card import cards
from techner.reports.render import environment, report

__all__ = ["cards", "environment", "report"]
