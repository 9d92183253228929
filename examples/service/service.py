"""A service that answers with entities, and follows promotions while it serves.

    TECHNER_STORE=s3://models/ner uvicorn --app-dir examples/service service:app

TECHNER_S3_ENDPOINT, TECHNER_CACHE and TECHNER_PUBLIC_KEY mean the same as elsewhere; POLL_S is the number of
seconds between two looks for another version.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from techner.client import Entity, Live, ModelStore


class Question(BaseModel):
    text: Annotated[str, Field(max_length=100_000)]


class Answer(BaseModel):
    version: str
    entities: list[Entity]


class Health(BaseModel):
    version: str
    is_polling: bool
    error: str | None


def models() -> ModelStore:
    cache, key = (os.environ.get(name) for name in ("TECHNER_CACHE", "TECHNER_PUBLIC_KEY"))
    return ModelStore(
        os.environ["TECHNER_STORE"],
        cache=Path(cache) if cache else None,
        s3_endpoint=os.environ.get("TECHNER_S3_ENDPOINT"),
        public_key=Path(key) if key else None,
    )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # In each worker, after the fork, which the polling thread would not survive.
    with models().watch("production", every_s=float(os.environ.get("POLL_S", "30"))) as live:
        app.state.live = live
        yield


app = FastAPI(title="Entities", lifespan=lifespan)


@app.post("/entities")
def entities(question: Question, request: Request) -> Answer:
    live: Live = request.app.state.live
    served = live.current  # once per request: the answer names the version that gave it
    (found,) = served.entities([question.text])
    return Answer(version=served.version, entities=list(found))


@app.get("/health")
def health(request: Request) -> Health:
    """Say which version serves; an error here means that a newer version, or the store, is out of reach."""
    live: Live = request.app.state.live
    error = str(live.error) if live.error else None
    return Health(version=live.current.version, is_polling=live.is_polling, error=error)
