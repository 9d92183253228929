# One image for every Airflow component. Build: docker compose build
FROM python:3.12-slim-bookworm AS libraries

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1

# The lock first: the layer with a gigabyte of libraries is made anew only when the lock changes.
COPY requirements.lock /tmp/requirements.lock
RUN pip install --require-hashes --requirement /tmp/requirements.lock && rm /tmp/requirements.lock

# The sources end here: the image has techner once, where pip puts it.
FROM libraries AS wheel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY techner techner
COPY examples/corpus examples/corpus
# Nothing but techner itself: its libraries and its build tool came from the lock.
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels .

FROM libraries
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    pip install --no-deps --no-index /wheels/*.whl
WORKDIR /opt/techner
COPY dags dags
COPY plugins plugins
COPY docker/initialise.py docker/initialise.py

# Named volumes take the owner of the folder they cover.
RUN useradd --uid 50000 --create-home airflow \
 && mkdir -p /opt/airflow/logs /opt/airflow/auth /opt/airflow/cache \
 && chown -R airflow:airflow /opt/airflow
USER airflow
ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/techner/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/techner/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=false \
    TECHNER_CACHE=/opt/airflow/cache \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONHASHSEED=0
ENTRYPOINT ["airflow"]
CMD ["version"]
