"""What people read: model cards and reports. Text from batches is untrusted and always escaped."""

from techner.reports.batch import Excerpt, batch_report, shown_rows
from techner.reports.card import cards
from techner.reports.question import question
from techner.reports.render import environment, run_report, with_decision

__all__ = [
    "Excerpt",
    "batch_report",
    "cards",
    "environment",
    "question",
    "run_report",
    "shown_rows",
    "with_decision",
]
