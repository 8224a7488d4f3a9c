# syntax=docker/dockerfile:1
# The hub in one image: `crossdock run`, `crossdock worker` and every other command.
# Every Python package is pinned by version and hash in .ci/requirements.txt.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
COPY .ci/requirements.txt .ci/requirements.txt
# One environment builds the project's wheel, the other is what the image runs.
RUN python -m venv /build && /build/bin/pip install --require-hashes --only-binary :all: -r .ci/requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY hub hub
COPY connectors connectors
COPY mappings mappings
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .
RUN python -m venv /opt/crossdock \
    && /opt/crossdock/bin/pip install --require-hashes --only-binary :all: -r .ci/requirements.txt \
    && /opt/crossdock/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/crossdock/bin/pip uninstall --yes editables hatchling pip

FROM python:3.13-slim-bookworm
RUN groupadd --system --gid 10001 crossdock \
    && useradd --system --uid 10001 --gid crossdock --home-dir /workspace --shell /usr/sbin/nologin crossdock
COPY --from=build /opt/crossdock /opt/crossdock
# The configuration is a directory: mount your own here, or build an image on this one.
COPY config /workspace/config
COPY pipelines /workspace/pipelines
ENV PATH=/opt/crossdock/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 CROSSDOCK_LISTEN=0.0.0.0:8400
WORKDIR /workspace
USER crossdock
EXPOSE 8400
STOPSIGNAL SIGTERM
# For the web process; docker-compose.yml gives workers a check of their own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8400/health/ready', timeout=4)"]
ENTRYPOINT ["crossdock"]
CMD ["run"]
