"""Run in an image: what is installed there, who runs it, and whether Airflow can use it. Prints JSON."""

import importlib
import json
import os
import pkgutil
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any


def imported(package: str) -> dict[str, str]:
    """Import every module of a package; return the errors."""
    errors = {}
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            errors[module.name] = str(error)
    return errors


found: dict[str, Any] = {
    "user": os.getuid(),
    "group": os.getgid(),
    "left_behind": [str(path) for path in (*Path("/tmp").iterdir(), Path("/etc/pip.conf")) if path.exists()],  # noqa: S108
    "installed": {one.metadata["Name"]: one.version for one in distributions()},
    "techner": [str(Path(name, "techner")) for name in sys.path if Path(name, "techner").is_dir()],
}
if sys.argv[1:] == ["airflow"]:
    from airflow import plugins_manager
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag()
    plugins_manager.ensure_plugins_loaded()
    found["dags"] = [*bag.dags]
    found["dag_errors"] = bag.import_errors
    found["plugins"] = [plugin.name for plugin in plugins_manager._get_plugins()[0]]
    found["plugin_errors"] = plugins_manager.get_import_errors()
    found["unimported"] = imported("techner")
json.dump(found, sys.stdout)
