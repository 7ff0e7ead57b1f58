# mypy: ignore-errors
"""requests with urllib3's Retry, as its documentation mounts it: the projects, a new one, and a look at that."""

from __future__ import annotations

import os
import uuid

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

BASE_URL = os.environ["BASE_URL"]
retries = Retry(
    total=3, backoff_factor=0.1, status_forcelist=[429, 502, 503, 504], allowed_methods={"GET", "PUT", "DELETE", "POST"}
)
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=retries))
session.headers["Authorization"] = f"Bearer {os.environ['KEY']}"

session.get(f"{BASE_URL}/projects", timeout=2).raise_for_status()
made = session.post(
    f"{BASE_URL}/projects",
    json={"name": "Nightly export", "ownerEmail": "owner@example.com"},
    headers={"Idempotency-Key": str(uuid.uuid4())},
    timeout=2,
)
made.raise_for_status()
found = session.get(f"{BASE_URL}/projects/{made.json()['id']}", timeout=2)
found.raise_for_status()
assert found.json()["name"] == "Nightly export"
