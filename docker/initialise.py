"""Once before everything else: the database, the login, the bucket. Run again, it changes nothing."""  # noqa: INP001 - a script, no package

import json
import os
import subprocess
import sys
from pathlib import Path


def write_login() -> None:
    """Give the simple auth manager its one password; the file is read by the api-server alone."""
    path = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    path.touch(mode=0o600)
    path.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}), encoding="utf-8")


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
    write_login()
    create_bucket(os.environ["TECHNER_STORE"].removeprefix("s3://").partition("/")[0])
