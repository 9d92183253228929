"""What the DAG's tasks need of Airflow: how they open the store, try again, and ask a person (ADR 33, 34).

The triggerer imports this file by name, so it lies among the plugins.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.triggers.hitl import HITLTrigger
from airflow.sdk import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError
from airflow.sdk.execution_time.hitl import upsert_hitl_detail
from airflow.triggers.base import TriggerEvent
from techner_links import run_address
from techner_models import model_of
from techner_notices import SAID

if TYPE_CHECKING:
    from airflow.sdk import Context

    from techner.core.records import Decision
    from techner.runs.documents import RunDocuments
    from techner.runs.run import Run

log = logging.getLogger("techner.nightly")

NOT_FOUND = 404
RETRIES = 5
"""Of a task that the store failed, or a full disk: the last one comes half an hour after the first try."""
RETRIES_OF_OTHERS = 2
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
"""Before a try after an error, twice as long each time; a lost worker raises none (`default_args`)."""


class StorePatience(RetryPolicy):
    """A store that is down comes back, a full disk is cleared; any other error is soon tried often enough."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Any = None
    ) -> RetryDecision:
        """Let the task's own retries count for an error that passes, and fewer for any other."""
        from techner.core.errors import TechnerError

        del context
        since_cleared = try_number - (max_tries - RETRIES)
        passes = isinstance(exception, TechnerError) and exception.is_passing
        if passes or since_cleared <= RETRIES_OF_OTHERS:
            return RetryDecision.retry(min(FIRST_PAUSE * 2 ** max(0, since_cleared - 1), LONGEST_PAUSE))
        return RetryDecision.fail(f"{type(exception).__name__} again after {RETRIES_OF_OTHERS} retries")


@contextmanager
def retried_if_it_can_help() -> "Iterator[None]":
    """Let an error fail the task at once that no retry can repair."""
    from techner.core.errors import TechnerError

    try:
        yield
    except TechnerError as error:
        if error.is_passing:
            raise  # the store or the disk may work at the next try
        raise AirflowFailException(str(error)) from error


@contextmanager
def opened_run(run_id: str, dag_id: str) -> "Iterator[Run]":
    """Open the store of a DAG's model for a run; an error that no retry can repair fails the task at once."""
    from techner.settings import load_settings

    with retried_if_it_can_help():
        settings = load_settings(model_of(dag_id))
        yield settings.run(settings.open_store(), run_id)


class Ask(HITLOperator):
    """Ask a person, and declare the answer in the store: what Airflow keeps of it, a retry would delete.

    It waits in the triggerer, for Airflow's form and for an answer that was given elsewhere.
    """

    def execute(self, context: "Context") -> None:
        """Put the question and wait, unless it is answered by now."""
        if self._is_answered(context, {}):
            return
        # Airflow takes the end of this process for a failure where it reads it after a quick answer. The
        # retry finds that answer in Airflow's row, if it does not put the question anew, which deletes it.
        ti: Any = context["ti"]
        if ti.try_number == ti.max_tries - self.retries + 1:  # the first since the task was last cleared
            self._put(context)
        self._wait(context)

    def execute_complete(self, context: "Context", event: dict[str, Any]) -> None:
        """Declare the answer; if it is none, ask again."""
        if not self._is_answered(context, event):
            self._put(context)
            self._wait(context)

    def _is_answered(self, context: "Context", event: dict[str, Any]) -> bool:
        from techner.core.run_documents import Judged
        from techner.reports import question
        from techner.runs.answers import answered

        dag_id = context["ti"].dag_id
        with opened_run(context["run_id"], dag_id) as run:
            said = answered(run) or _declare(run, event)
            if said is None:
                self.body = question(run.read(Judged), run_address(run.id, model_of(dag_id)))
                return False
        log.info("%s said %s: %s", said.who, said.word, said.why)
        return True

    def _put(self, context: "Context") -> None:
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=self.options,
            subject=self.subject,
            body=self.body,
            defaults=self.defaults,
            multiple=self.multiple,
            params=self.serialized_params,
        )
        self._notify(context)

    def _notify(self, context: "Context") -> None:
        reason = self.body.partition("\n")[0] if self.body else ""
        context["ti"].xcom_push(key=SAID, value=f"{self.subject} {reason}")
        for notifier in self.notifiers:
            try:
                notifier(context)
            except Exception:  # the question stands, whatever a foreign server makes of the notice
                log.exception("a notice of the question was not sent")

    def _wait(self, context: "Context") -> None:
        self.defer(
            trigger=AnswerTrigger(
                model=model_of(context["ti"].dag_id),
                run_id=context["run_id"],
                ti_id=context["ti"].id,
                options=self.options,
                defaults=self.defaults,
                params=self.serialized_params,
                timeout_datetime=datetime.now(UTC) + (self.response_timeout or timedelta(days=1)),
            ),
            method_name="execute_complete",
        )


class AnswerTrigger(HITLTrigger):
    """Wait for an answer: in Airflow's row, or in the store."""

    def __init__(self, *, run_id: str, model: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run_id, self.model = run_id, model

    def serialize(self) -> tuple[str, dict[str, Any]]:
        _, kwargs = super().serialize()
        return f"{__name__}.AnswerTrigger", kwargs | {"run_id": self.run_id, "model": self.model}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        in_airflow = asyncio.ensure_future(anext(super().run()))
        try:
            while not in_airflow.done():
                await asyncio.wait([in_airflow], timeout=self.poke_interval)
                if not in_airflow.done() and await asyncio.to_thread(self._is_answered):
                    yield TriggerEvent({})  # type: ignore[no-untyped-call]
                    return
            yield _event(in_airflow)
        finally:
            in_airflow.cancel()

    def _is_answered(self) -> bool:
        from techner.core.errors import TechnerError
        from techner.runs.answers import answered
        from techner.runs.documents import RunDocuments
        from techner.settings import load_settings
        from techner.store.patience import PROMPT

        try:
            run = RunDocuments(store=load_settings(self.model).open_store(PROMPT), id=self.run_id)
            return answered(run) is not None
        except TechnerError as error:  # an answer in Airflow's form still counts
            self.log.warning("the store was not looked at for an answer to %s: %s", self.run_id, error)
            return False


def _event(in_airflow: "asyncio.Future[TriggerEvent]") -> TriggerEvent:
    try:
        return in_airflow.result()
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") != NOT_FOUND:
            raise
        # The first try ended before it had put the question.
        return TriggerEvent({})  # type: ignore[no-untyped-call]


def _declare(run: "RunDocuments", event: dict[str, Any]) -> "Decision | None":
    """Write an answer from Airflow's form to the store, if it is one; return what counts."""
    from techner.core.errors import RegistryError
    from techner.core.records import RunEnd
    from techner.runs.answers import NEEDS_REASON, answer, answered
    from techner.runs.judgements import Word

    if not event.get("chosen_options"):
        return None
    end = RunEnd(event["chosen_options"][0])
    person = (event["responded_by_user"] or {}).get("name") or "no answer in time"
    why = str((event["params_input"] or {}).get("reason") or "").strip()
    word = Word(who=f"airflow:{person}", when=datetime.now(UTC), why=why, approved=end is RunEnd.PUBLISH)
    if word.approved and not word.has_reason:
        log.warning("%s said publish: %s; the question is put again", word.who, NEEDS_REASON)
        return None
    try:
        answer(run, end, word)
    except RegistryError as error:
        if answered(run) is None:
            raise
        log.warning("%s said %s too late: %s", word.who, end, error)
    return answered(run)
