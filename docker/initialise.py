"""Once before everything else: the database, the login, the bucket. Run again, it changes nothing."""  # noqa: INP001 - a script, no package

import os
import subprocess
import sys


def create_login(password: str) -> None:
    """Where the FAB auth manager has no user yet, create `admin`, and let all roles find the pages.

    Airflow's navigation shows the pages of a plugin only to those who may list plugins. FAB's roles Viewer
    and User do not include that. Another auth manager keeps its users elsewhere.
    """
    from airflow.configuration import conf

    if not conf.get("core", "auth_manager").endswith(".FabAuthManager"):
        return
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        security = builder.sm
        if security.get_all_users():
            return
        lists_plugins = security.create_permission("can_read", "Plugins")
        for role in ("Viewer", "User"):
            security.add_permission_to_role(security.find_role(role), lists_plugins)
        security.add_user("admin", "Admin", "Admin", "admin@localhost", security.find_role("Admin"), password)


def create_bucket(name: str) -> None:
    import boto3
    from botocore.exceptions import ClientError

    s3 = boto3.client("s3", endpoint_url=os.environ["TECHNER_S3_ENDPOINT"])
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchBucket"}:
            raise
        s3.create_bucket(Bucket=name)


if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
    create_login(os.environ["AIRFLOW_ADMIN_PASSWORD"])
    create_bucket(os.environ["TECHNER_STORE"].removeprefix("s3://").partition("/")[0])
