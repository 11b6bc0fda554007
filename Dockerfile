# One image for web, worker, beat and sandbox; see compose.yaml for who runs what.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 DJANGO_SETTINGS_MODULE=portal.settings
RUN useradd --system --uid 10001 --create-home portal

WORKDIR /app
COPY requirements.txt .
RUN pip install --require-hashes -r requirements.txt
COPY . .

# The keys are for this step alone; nothing is signed or encrypted in it.
RUN export DATA_DIR=/app/data SECRET_KEY=build \
    && ENCRYPTION_KEYS="$(python manage.py rotate_keys --new)" \
       python manage.py collectstatic --no-input \
    && mkdir -p -m 700 /app/data/exports && chown -R portal /app/data

ENV DATA_DIR=/app/data
USER portal
EXPOSE 8765
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8765", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
