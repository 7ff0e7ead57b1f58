# mypy: ignore-errors
"""OpenAI's SDK with the retries that it makes by default: the models, and an answer by one."""

from __future__ import annotations

import os

from openai import OpenAI

client = OpenAI(api_key=os.environ["KEY"], base_url=f"{os.environ['BASE_URL']}/v1", timeout=2)
model = client.models.list().data[0].id
question = [{"role": "user", "content": "How much is two and two?"}]
answer = client.chat.completions.create(model=model, messages=question)
assert answer.choices[0].message.content == "Four."
