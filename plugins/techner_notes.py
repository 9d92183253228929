"""The note of a night that did not simply promote: Airflow's grid marks the run that has one.

It is written where Airflow's database is at hand, by the process that ends the run, out of what a task said.
"""

from typing import Any

from airflow.listeners import hookimpl

ENDED = "ended"
"""Key of the XCom in which a task says how the night ended."""
MAX_NOTE = 1000  # characters: what Airflow's database takes


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Write what the tasks said to the note of the run, below what a person wrote there."""
    del msg
    _note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Do the same: a night that failed late has said things before."""
    del msg
    _note(dag_run)


def _note(dag_run: Any) -> None:
    if not dag_run.dag_id.startswith("techner_"):
        return
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy.orm import object_session

    if session := object_session(dag_run):
        _write(dag_run, session)
        return
    with create_session(scoped=False) as session:  # `dag.test()` has no session for its run
        if attached := session.get(DagRun, dag_run.id):
            _write(attached, session)


def _write(dag_run: Any, session: Any) -> None:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    found = session.scalars(
        select(XComModel)
        .where(XComModel.dag_id == dag_run.dag_id, XComModel.run_id == dag_run.run_id, XComModel.key == ENDED)
        .order_by(XComModel.timestamp)
    )
    said = [str(XComModel.deserialize_value(row)) for row in found]
    new = [sentence for sentence in said if sentence not in (dag_run.note or "")]
    if new:
        note = "\n\n".join(filter(None, (dag_run.note, *new)))
        dag_run.note = note if len(note) <= MAX_NOTE else note[: MAX_NOTE - 1] + "…"
