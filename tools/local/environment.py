"""The environment in which Airflow runs techner's DAGs from a checkout."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
_USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
MIGRATE = (sys.executable, "-m", "airflow", "db", "migrate")


def airflow_environment(home: Path, *, store: str | None, cache: Path) -> dict[str, str]:
    """Return the environment of every Airflow process: SQLite in `home`, the checkout's DAGs and plugins.

    Without a `store`, the settings name it, as they do for several models.
    """
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "airflow=WARNING task=WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        # One BLAS thread and one hash seed: the same inputs give the same candidate, bit for bit.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "TECHNER_CACHE": str(cache),
    }
    return os.environ | settings | ({} if store is None else {"TECHNER_STORE": store})


def serving(home: Path, port: int) -> dict[str, str]:
    """Return the variables by which components find each other, whatever the caller's own variables are.

    The caller may name the users who log in: `admin:admin,viewer:viewer`.
    """
    address = f"http://{HOST}:{port}"
    no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY", ""), HOST, "localhost")))
    return {
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        _USERS: os.environ.get(_USERS, "admin:admin"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file(home)),
        # The scheduler's own messages say how each task ended.
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "airflow=WARNING task=WARNING airflow.jobs=INFO",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def password_file(home: Path) -> Path:
    """Return the file in which Airflow writes the login that it generates."""
    return home / "simple_auth_manager_passwords.json.generated"


def migrate(environment: dict[str, str]) -> None:
    """Create or upgrade Airflow's database."""
    Path(environment["AIRFLOW_HOME"]).mkdir(parents=True, exist_ok=True)
    subprocess.run(
        MIGRATE,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
