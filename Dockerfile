# One image for every Airflow component, for compose and for Airflow's Helm chart. Build: docker compose build
#
# Airflow's own image brings what the chart and others expect: /entrypoint, /clean-logs, curl, the user 50000 of group 0.
# The slim one has no providers; those that are used, and all else, come from the lock. Not built here yet.
ARG AIRFLOW_IMAGE=apache/airflow:slim-3.3.2-python3.12

FROM ${AIRFLOW_IMAGE} AS libraries
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
# The lock first: the layer with a gigabyte of libraries is made anew only when the lock changes. It names every
# library with its hashes, so pip need not resolve anything; some versions of it fail on extras under hashes.
RUN --mount=type=bind,source=requirements.lock,target=/tmp/requirements.lock \
    pip install --no-deps --require-hashes --requirement /tmp/requirements.lock

# The sources end here: the image has techner once, where pip puts it.
FROM libraries AS wheel
WORKDIR /tmp/source
COPY --chown=airflow:0 pyproject.toml README.md LICENSE ./
COPY --chown=airflow:0 techner techner
COPY --chown=airflow:0 examples/corpus examples/corpus
# Nothing but techner itself: its libraries and its build tool came from the lock.
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /tmp/wheels .

FROM libraries
RUN --mount=type=bind,from=wheel,source=/tmp/wheels,target=/tmp/wheels \
    pip install --no-deps --no-index /tmp/wheels/*.whl
WORKDIR /opt/airflow
# Where Airflow looks by default; the chart does too, unless it syncs them from git.
COPY --chown=airflow:0 dags dags
COPY --chown=airflow:0 plugins plugins
COPY --chown=airflow:0 docker/initialise.py docker/initialise.py
# Named volumes take the owner of the folder they cover.
RUN mkdir -p logs auth cache && chmod g=u logs auth cache
USER airflow
ENV AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=false \
    TECHNER_CACHE=/opt/airflow/cache \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0
