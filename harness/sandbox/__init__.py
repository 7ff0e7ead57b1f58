"""The sandbox: a reference Product API and a reference integration, as processes of their own.

It imports nothing of the harness and nothing imports it. What it shows may be copied.
"""
