"""The tables that benchmarks/forgetting.py prints, in Markdown."""

from collections.abc import Callable, Iterable
from statistics import mean
from typing import Any

Results = dict[tuple[str, str, int], dict[str, Any]]
RECIPES = {
    "one-shot": ("naive", "extend", "blend"),
    "small": ("naive", "extend"),
    "small-annotated": ("naive", "extend"),
    "nights": ("naive", "extend", "blend"),
    "thirty": ("extend",),
    "speed": ("extend", "blend"),
}
ONCE: tuple[object, ...] = ("thirty", "speed", ("nights", "naive"))  # one seed: long, or always the same
NIGHT = ("night", "verdict", "version", "old F1", "new F1", "worst label", "CPU s")
WEIGHT = {"thirty": 6, "nights": 5, "one-shot": 4, "small": 2, "small-annotated": 2, "speed": 1}


def spread(values: Iterable[float], digits: int = 4) -> str:
    """Show the mean, and for several values also the least and the greatest."""
    found = list(values)
    if len(found) == 1:
        return f"{found[0]:.{digits}f}"
    return f"{mean(found):.{digits}f} ({min(found):.{digits}f} … {max(found):.{digits}f})"


def table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (columns, *rows)]
    return "\n".join([f"\n### {title}\n", lines[0], "|" + "---|" * len(columns), *lines[1:]])


def recipes(results: Results) -> dict[str, list[dict[str, Any]]]:
    """Group by recipe, seeds in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (_, recipe, _), figures in sorted(results.items()):
        found.setdefault(recipe, []).append(figures)
    order = ("naive", "extend", "blend")
    return {recipe: found[recipe] for recipe in order if recipe in found}


def shots(title: str) -> Callable[[Results], str]:
    def made(results: Results) -> str:
        grouped = recipes(results)
        base = mean(run["seconds"] for run in grouped["naive"])
        base_new = mean(run["new"] for run in grouped["naive"])
        rows = [
            (
                recipe,
                str(len(runs)),
                spread(run["old"] for run in runs),
                spread(run["new"] for run in runs),
                f"{mean(run['new'] for run in runs) / base_new:.2f}",
                f"{mean(run['seconds'] for run in runs):.0f}",
                f"{mean(run['seconds'] for run in runs) / base:.2f}",
            )
            for recipe, runs in grouped.items()
        ]
        columns = ("recipe", "seeds", "old F1", "new F1", "new × naive", "CPU s", "CPU × naive")
        return table(title, columns, rows)

    return made


def nights(results: Results) -> str:
    """Show the lowest and last night of each recipe, then every night of its first seed."""
    grouped = recipes(results)
    rows = [
        (
            recipe,
            str(len(runs)),
            spread(min(night["old"] for night in run["nights"]) for run in runs),
            spread(run["nights"][-1]["old"] for run in runs),
            spread(min(night["worst"] for night in run["nights"]) for run in runs),
            spread(run["nights"][-1]["new"] for run in runs),
            f"{mean(sum(night['seconds'] for night in run['nights']) for run in runs):.0f}",
        )
        for recipe, runs in grouped.items()
    ]
    columns = ("recipe", "seeds", "old, lowest night", "old, night 8", "worst label", "new, night 8", "CPU s")
    parts = [table("Eight nights", columns, rows)]
    for recipe, runs in grouped.items():
        if recipe != "naive":
            parts.append(table(f"Eight nights, {recipe}, seed 0", NIGHT, map(_night, runs[0]["nights"])))
    return "\n".join(parts)


def _night(row: dict[str, Any]) -> tuple[str, ...]:
    shown = (f"{row[what]:.4f}" if what in row else "" for what in ("old", "new", "worst"))
    return str(row["night"]), row["outcome"], row.get("version", ""), *shown, f"{row['seconds']:.0f}"


def thirty(results: Results) -> str:
    """Show how time and memory change over thirty nights."""
    ((run,),) = recipes(results).values()
    rows = run["nights"]
    third, last = rows[2], rows[-1]
    shown = [
        (*_night(row), f"{row['peak_mib']:.0f}")
        for row in rows
        if row["night"] in (1, 2, 3, 5, 10, 15, 20, 25, 30)
    ]
    ratios = (
        f"\nNight 30 took {last['seconds'] / third['seconds']:.2f} × the time of night 3; "
        f"peak memory {last['peak_mib'] / third['peak_mib']:.2f} ×."
    )
    return table("Thirty nights, extend, an eighth of the size", (*NIGHT, "peak MiB"), shown) + "\n" + ratios


def speed(results: Results) -> str:
    rows = [
        (
            recipe,
            f"{run['pretrained']:.0f}",
            f"{run['uptrained']:.0f}",
            f"{run['uptrained'] / run['pretrained']:.2f}",
        )
        for recipe, (run,) in recipes(results).items()
    ]
    return table("Inference", ("strategy", "pretrained, words/s", "uptrained, words/s", "ratio"), rows)


TABLES: dict[str, Callable[[Results], str]] = {
    "one-shot": shots("One shot, all new data"),
    "small": shots("One shot, 450 sentences drawn from all"),
    "small-annotated": shots("One shot, 450 sentences that each have a span"),
    "nights": nights,
    "thirty": thirty,
    "speed": speed,
}
