# mypy: ignore-errors
"""boto3 in its standard retry mode: an object put into a bucket of S3, and read again."""

from __future__ import annotations

import os

import boto3
from botocore.config import Config

client = boto3.client(
    "s3",
    endpoint_url=os.environ["BASE_URL"],
    aws_access_key_id=os.environ["KEY"],
    aws_secret_access_key=os.environ["KEY"],
    region_name="eu-central-1",
    config=Config(
        connect_timeout=2,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path"},
    ),
)
client.put_object(Bucket="exports", Key="nightly.csv", Body=b"id,name\n1,Nightly export\n")
found = client.get_object(Bucket="exports", Key="nightly.csv")
assert found["Body"].read() == b"id,name\n1,Nightly export\n"
