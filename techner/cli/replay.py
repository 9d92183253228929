"""`techner doctor --replay`: how much replay the old labels and the new ones need."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from techner.cli.terminal import console, out, training_bar
from techner.core.errors import RegistryError
from techner.settings import Settings

if TYPE_CHECKING:
    from techner.evaluation.replay import Estimate, Law, ReplayedNight, Source

TIMES = {"half": 0.5, "same": 1.0, "double": 2.0}


def tell_replay(settings: Settings, *, repeats: int | None, as_json: bool) -> bool:
    """Fit past nights, or trials if they are to be made, and print what other amounts would do.

    Return whether there is an answer. Raises RegistryError if there is no night to try out.
    """
    nights = _past(settings) if repeats is None else _measured(settings, repeats)
    laws = _laws(nights, settings.gate.confidence, is_measured=repeats is not None)
    today = nights[0].amounts if nights else {}
    if as_json:
        typer.echo(json.dumps(_plain(nights, laws, today), indent=1))
    elif laws:
        _show(nights, laws, today)
    if not laws:
        _advise(nights, is_measured=repeats is not None)
    return bool(laws)


def _past(settings: Settings) -> "Sequence[ReplayedNight]":
    from techner.operate.replay import past_nights

    past = past_nights(settings.open_store(), settings.policies)
    console.print(
        f"{len(past.comparable)} past nights with today's settings of training; {past.unlike} others trained "
        f"with other settings, and of {past.gone} the documents are gone or no gold scored the old labels"
    )
    return past.comparable


def _measured(settings: Settings, repeats: int) -> "Sequence[ReplayedNight]":
    from techner.night.trials import amounts_to_try, trial_night, try_out

    found = []
    with trial_night(settings.open_store(), settings.cache, settings.policies, gpu=settings.gpu) as night:
        todo = [(amounts, seed) for seed in range(repeats) for amounts in amounts_to_try(night)]
        console.print(
            f"{len(todo)} trials on {len(night.plan.batches)} batches, each about as long as a night; "
            f"nothing is published. There are {night.available} texts to rehearse"
        )
        for number, (amounts, seed) in enumerate(todo, 1):
            said = ", ".join(f"{count} {source}" for source, count in amounts.items())
            with training_bar(f"trial {number} of {len(todo)}: {said}") as on_step:
                made = try_out(night, amounts, seed=seed, on_step=on_step)
            learnt = f", new F1 {made.new_f1.value:.3f}" if made.new_f1 else ""
            console.print(f"{said}: old loss {100 * made.old_loss.value:.2f} points{learnt}")
            found.append(made)
    return found


def _laws(nights: "Sequence[ReplayedNight]", confidence: float, *, is_measured: bool) -> "dict[str, Law]":
    """Fit the old loss; in trials also the new labels, which past nights learn more of as time goes on."""
    from techner.evaluation.replay import fit

    scores = {"old loss": fit(nights, lambda night: night.old_loss, confidence=confidence)}
    if is_measured:
        scores["new F1"] = fit(nights, lambda night: night.new_f1, confidence=confidence)
    return {name: law for name, law in scores.items() if law}


def _forecasts(
    laws: "Mapping[str, Law]", today: "Mapping[Source, int]"
) -> "Iterator[tuple[Source, str, int, dict[str, Estimate]]]":
    """Yield half, the same and twice of each source, while the other stays."""
    for source in next(iter(laws.values())).sources:
        for name, times in TIMES.items():
            amounts = {**today, source: round(times * today[source])}
            yield source, name, amounts[source], {what: law.at(amounts) for what, law in laws.items()}


def _show(
    nights: "Sequence[ReplayedNight]", laws: "Mapping[str, Law]", today: "Mapping[Source, int]"
) -> None:
    confidence = next(iter(laws.values())).confidence
    title = (
        f"What replay does, from {len(nights)} nights: points of F1 (a loss below 0 is a gain), "
        f"{100 * confidence:.0f} % intervals"
    )
    table = Table("replayed", title=title, title_justify="left")
    for column in laws:
        table.add_column(column, justify="right")
    for source, name, amount, found in _forecasts(laws, today):
        tried = [night.amounts[source] for night in nights]
        beyond = "" if min(tried) <= amount <= max(tried) else ", beyond what was tried"
        table.add_row(f"{amount} {source} ({name}{beyond})", *map(_points, found.values()))
    out.print(table)
    for what, law in laws.items():
        for source in law.sources:
            step = law.doubling(source)
            sure = "" if step.low > 0 or step.high < 0 else "; that may be chance"
            out.print(f"{what} with twice the {source}: {_points(step, sign='+')}{sure}")
        out.print(f"{what} of a single night scatters by {100 * law.scatter:.2f} about that")


def _points(found: "Estimate", sign: str = "-") -> str:
    return " ".join(
        (f"{100 * found.value:{sign}.2f}", f"[{100 * found.low:{sign}.2f}, {100 * found.high:{sign}.2f}]")
    ).replace("[", "\\[")


def _advise(nights: "Sequence[ReplayedNight]", *, is_measured: bool) -> None:
    """Say why there is no answer, and how to get one."""
    from techner.evaluation.replay import LEAST_FREE, Source, varied

    if is_measured:
        raise RegistryError(
            "the trials are too few or too much alike for an answer: give a greater --measure, or "
            "a reference set with more text to `techner init`"
        )
    changed = varied(nights)
    for source in Source:
        amounts = sorted({night.amounts[source] for night in nights})
        if amounts:
            console.print(f"{source}: {amounts[0]} to {amounts[-1]}")
    why = (
        f"too few nights: it takes {1 + len(changed) + LEAST_FREE} whose amounts do not change together"
        if changed
        else "no night replayed twice as much as another"
    )
    console.print(
        f"the past nights cannot say what more or less replay would do ({why}). To measure it, "
        "`techner doctor --replay --measure 2` trains candidates of today's night with other amounts, and "
        "publishes none"
    )


def _plain(
    nights: "Sequence[ReplayedNight]", laws: "Mapping[str, Law]", today: "Mapping[Source, int]"
) -> dict[str, Any]:
    forecasts = [
        {"source": source, "times": TIMES[name], "amount": amount}
        | {what: asdict(estimate) for what, estimate in found.items()}
        for source, name, amount, found in (_forecasts(laws, today) if laws else ())
    ]
    doublings = [
        {"source": source, "score": what} | asdict(law.doubling(source))
        for what, law in laws.items()
        for source in law.sources
    ]
    scatter = {what: law.scatter for what, law in laws.items()}
    return {
        "nights": [asdict(night) for night in nights],
        "forecasts": forecasts,
        "doublings": doublings,
        "scatter": scatter,
    }
