"""Notices of what became of a night, by Airflow's own notifiers, over connections that Airflow keeps."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from techner_links import page_address
from techner_models import model_of

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

    from techner.core.nights import NoticesPolicy

SAID = "said"
"""Key of the XCom in which a task says what a notice tells."""
_OF_TASK = "{{ ti.xcom_pull(task_ids=ti.task_id, key='said') }}"
_TEXTS = {
    "promoted": _OF_TASK,
    "rejected": _OF_TASK,
    "asked": _OF_TASK,
    "failed": "Failed{{ ' in ' ~ ti.task_id if ti is defined else '' }} ({{ reason }}). Its log says why.",
    "late": "Not over in time: it was queued at {{ dag_run.queued_at }}.",
}
_RUN = {"late": "dag_run.dag_run_id"}
_NEEDS = {
    "slack": ("airflow.providers.slack.notifications.slack_webhook", "SlackWebhookNotifier"),
    "smtp": ("airflow.providers.smtp.notifications.smtp", "SmtpNotifier"),
    "webhook": ("airflow.providers.http.notifications.http", "HttpNotifier"),
}


@cache
def _policy(model: str | None) -> "NoticesPolicy":
    from techner.settings import load_settings

    return load_settings(model).notices


def notices(event: str, dag_id: str) -> list[Any]:
    """Return what tells of an event, one for each connection that is set; none if nobody wants to know."""
    return [notifier(**kwargs) for notifier, kwargs in _channels(_policy(model_of(dag_id)), event, dag_id)]


def late(dag_id: str) -> list[DeadlineAlert]:
    """Return what tells of a night that has not ended in time."""
    policy = _policy(model_of(dag_id))
    return [
        DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(hours=policy.late_hours),
            callback=AsyncCallback(notifier, kwargs=kwargs),
        )
        for notifier, kwargs in (_channels(policy, "late", dag_id) if policy.late_hours else ())
    ]


def _channels(
    policy: "NoticesPolicy", event: str, dag_id: str
) -> "Iterator[tuple[type[BaseNotifier], dict[str, Any]]]":
    if event not in policy.events:
        return
    run, text = _RUN.get(event, "run_id"), _TEXTS[event]
    title = f"{' '.join(filter(None, ('techner', model_of(dag_id))))}: {event}"
    address = page_address(f"tab/{dag_id}/{{{{ {run} | urlencode }}}}")
    if policy.smtp:
        # Names of batches are foreign text: escaped where they could become markup.
        body = f"<p>{{% filter e %}}{text}{{% endfilter %}}</p><p>{{{{ {run} | e }}}}</p><p>{address}</p>"
        yield (
            _notifier("smtp"),
            {
                "smtp_conn_id": policy.smtp,
                "to": list(policy.to),
                "subject": title,
                "html_content": body,
            },
        )
    if policy.slack:
        plain = f"{{% filter replace('&', '&amp;') | replace('<', '&lt;') %}}{text}{{% endfilter %}}"
        yield (
            _notifier("slack"),
            {
                "slack_webhook_conn_id": policy.slack,
                "text": f"*{title}* {plain}\n{address}",
            },
        )
    if policy.webhook:
        told = {"event": event, "dag": dag_id, "run": f"{{{{ {run} }}}}", "text": text, "url": address}
        yield _notifier("webhook"), {"http_conn_id": policy.webhook, "json": told}


def _notifier(kind: str) -> "type[BaseNotifier]":
    from techner.core.errors import PolicyError

    module, name = _NEEDS[kind]
    try:
        found: type[BaseNotifier] = getattr(import_module(module), name)
    except ImportError as error:
        package = f"apache-airflow-providers-{module.split('.')[2]}"
        raise PolicyError(f"notices.{kind}", f"is set, but {package} is not installed: install it") from error
    return found
