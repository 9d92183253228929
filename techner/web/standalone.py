"""The app without Airflow: every client needs the bearer token."""

from secrets import compare_digest
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from techner.core.errors import SettingsError
from techner.settings import Settings
from techner.web.app import create_app
from techner.web.opener import Opener

MIN_TOKEN = 16


def create_app_alone(settings: Settings) -> FastAPI:
    """Make the app; raises SettingsError if there is no token, or one that could be guessed."""
    token = settings.token.get_secret_value() if settings.token else ""
    if len(token) < MIN_TOKEN:
        raise SettingsError(
            f"`techner serve` needs a secret of at least {MIN_TOKEN} characters, which clients send as "
            "bearer token: set TECHNER_TOKEN"
        )
    bearer = HTTPBearer(description="The value of TECHNER_TOKEN.")

    async def check(given: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> None:
        # In constant time: the time of a refusal must not reveal how much of the token was right.
        if not compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401, "wrong token", headers={"WWW-Authenticate": "Bearer"})

    return create_app(Opener(lambda: settings), settings=lambda: settings, dependencies=[Depends(check)])
