"""Roll back, and promote: by the functions of the command line."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from techner.core.errors import UnknownVersion
from techner.operate.consequences import Consequences, consequences
from techner.operate.promote import promote
from techner.operate.rollback import roll_back
from techner.registry.names import VERSION_NAME
from techner.runs.judgements import Word
from techner.runs.run import Run, own_id
from techner.settings import Settings
from techner.store import Store
from techner.web.action_kinds import PageAction
from techner.web.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a move of production to a version would do."""

    is_rollback: bool
    would: Consequences

    @property
    def state(self) -> str:
        return self.would.move.id

    @property
    def changed(self) -> str:
        move = self.would.move
        return f"Production was moved meanwhile: it names {move.version} ({move.who}: {move.why})."

    @property
    def refusal(self) -> str:
        would = self.would
        if would.is_live:
            return f"Production names {would.version}."
        if self.is_rollback and not would.is_earlier:
            return f"{would.version} is no earlier version of production: promote it."
        if not self.is_rollback and would.is_earlier:
            return f"Production was made from {would.version}: roll back to it."
        if not self.is_rollback and would.is_rejected:
            return f"The gate rejected {would.version}: it is not promoted."
        return ""


def move_actions(reading: Callable[[], Reading], settings: Callable[[], Settings]) -> dict[str, PageAction]:
    """Return what moves production; the settings say where the models are unpacked and proved."""

    def would(store: Store, version: str) -> Consequences:
        here = reading()
        made = consequences(store, version, parent_of=here.parent_of)
        here.known.save(store)
        return made

    def look(*, is_rollback: bool) -> Callable[[Store, str], Move]:
        def prospect(store: Store, version: str) -> Move:
            if not re.fullmatch(VERSION_NAME, version):  # it becomes part of a key
                raise UnknownVersion(version)
            return Move(is_rollback=is_rollback, would=would(store, version))

        return prospect

    def run(store: Store, what: str) -> Run:
        return settings().run(store, own_id(what))

    def back(store: Store, move: Move, word: Word) -> None:
        would = move.would
        roll_back(run(store, "rollback"), word, to=would.version, seen=would.move.version)

    def forward(store: Store, move: Move, word: Word) -> None:
        would = move.would
        promote(run(store, "promote"), word, version=would.version, seen=would.move.version)

    return {
        "rollback": PageAction(template="act_move.html", look=look(is_rollback=True), do=back),
        "promote": PageAction(template="act_move.html", look=look(is_rollback=False), do=forward),
    }
