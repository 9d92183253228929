# Two images. The last stage is for every Airflow component, in compose and in Airflow's Helm chart: docker compose build
# `serve` is a light one that only hands out models over HTTP (`techner serve`): docker build --target serve .
#
# Airflow's own image brings what the chart and others expect: /entrypoint, /clean-logs, curl, the user 50000 of group 0.
# The slim one has no providers; those that are used, and all else, come from the lock.
#
# Where packages come from a mirror, give pip's configuration as a secret, which no image keeps:
#   docker build --secret id=pip.conf,src=$HOME/.config/pip/pip.conf .
#
# `make test-image` builds both on stand-ins for the two images below (ADR 60); on these themselves they have not been built yet.
ARG AIRFLOW_IMAGE=apache/airflow:slim-3.3.2-python3.12
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS python
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1

# The sources end here, and so does what builds: the images have techner once, where pip puts it.
FROM python AS wheel
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf,mode=0444 \
    --mount=type=bind,source=requirements-build.lock,target=/tmp/requirements.lock \
    pip install --no-deps --require-hashes --requirement /tmp/requirements.lock
WORKDIR /tmp/source
COPY pyproject.toml README.md LICENSE ./
COPY techner techner
COPY examples/corpus examples/corpus
# Nothing but techner itself: its build tool came from the lock, and its libraries come below.
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /tmp/wheels .

FROM python AS serve
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf,mode=0444 \
    --mount=type=bind,source=requirements-serve.lock,target=/tmp/requirements.lock \
    pip install --no-deps --require-hashes --requirement /tmp/requirements.lock
RUN --mount=type=bind,from=wheel,source=/tmp/wheels,target=/tmp/wheels \
    pip install --no-deps --no-index /tmp/wheels/*.whl
# The user has no name here; any other one of group 0 may write the cache too.
RUN mkdir -p /cache && chown 50000:0 /cache && chmod g=u /cache
WORKDIR /cache
USER 50000:0
ENV HOME=/cache TECHNER_CACHE=/cache
EXPOSE 8000
# Without a token it answers 401: then it is well. That needs no store and no second Python.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && read -r -t 8 line <&3 && [[ $line == *' 401 '* ]]"]
ENTRYPOINT ["techner"]
CMD ["serve", "--host", "0.0.0.0"]

FROM ${AIRFLOW_IMAGE} AS airflow
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
# The lock first: the layer with a gigabyte of libraries is made anew only when the lock changes. It names every
# library with its hashes, so pip need not resolve anything; some versions of it fail on extras under hashes.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf,mode=0444 \
    --mount=type=bind,source=requirements.lock,target=/tmp/requirements.lock \
    pip install --no-deps --require-hashes --requirement /tmp/requirements.lock
RUN --mount=type=bind,from=wheel,source=/tmp/wheels,target=/tmp/wheels \
    pip install --no-deps --no-index /tmp/wheels/*.whl
WORKDIR /opt/airflow
# Where Airflow looks by default; the chart does too, unless it syncs them from git.
COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 plugins plugins
COPY --chown=airflow:0 docker/initialise.py docker/initialise.py
# Named volumes take the owner of the folder they cover.
RUN mkdir -p logs cache && chmod g=u logs cache
# A number: Kubernetes cannot tell whether a name is root's.
USER 50000:0
ENV AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=false \
    TECHNER_CACHE=/opt/airflow/cache \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0
