"""`techner serve`, started for real."""

import os
import re
import subprocess
import sys

import httpx

from tests.world import World

COMMAND = [sys.executable, "-c", "from techner.cli import main; main()", "serve", "--port", "0"]


def test_serve_gives_production_to_whoever_has_the_token(world: World) -> None:
    environment = os.environ | {"TECHNER_STORE": world.store.url, "TECHNER_TOKEN": "x" * 16}
    with subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = next(line for line in server.stderr or () if "running on" in line)
            address = re.findall(r"http://127\.0\.0\.1:\d+", said)[0] + "/v1/aliases/production"
            answer = httpx.get(address, headers={"Authorization": "Bearer " + "x" * 16})
            refused = httpx.get(address)
        finally:
            server.terminate()
    assert answer.json()["version"].startswith("0000-")
    assert refused.status_code == 401


def test_serve_without_a_token_says_which_setting_is_missing(world: World) -> None:
    done = subprocess.run(
        COMMAND,
        env=os.environ | {"TECHNER_STORE": world.store.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "TECHNER_TOKEN" in done.stderr
