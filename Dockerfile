# fer-predict serve in a container. Linted with hadolint; this project's own machines cannot build images, so CI does not.
#
#   docker build --tag fer-predict .
#   docker run --read-only --tmpfs /tmp --volume "$PWD/bundle:/bundle:ro" --publish 127.0.0.1:8000:8000 fer-predict
#
# What stands behind the image's name is added to its options: ... fer-predict --model /bundle --workers 4

FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/fer-edge \
 && /opt/fer-edge/bin/pip install --no-cache-dir --constraint constraints.txt ".[serve,tflite]"

FROM python:3.12-slim-bookworm
# OpenCV's wheel asks for these two libraries of the system.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin fer
COPY --from=build /opt/fer-edge /opt/fer-edge
ENV PATH=/opt/fer-edge/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["fer-predict", "serve", "--host", "0.0.0.0", "--port", "8000"]
CMD ["--model", "/bundle"]
