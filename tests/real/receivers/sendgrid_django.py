# mypy: ignore-errors
# ruff: noqa: ANN001, ANN003, ANN201, ARG001, PTH123 - a few lines, as the vendor shows them
"""SendGrid's events in Django by anymail, as anymail.dev shows it under "Tracking sent mail status"."""

import os
import sys

from anymail.signals import tracking
from django.conf import settings
from django.core.management import execute_from_command_line
from django.dispatch import receiver
from django.urls import include, path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["anymail"],
    ANYMAIL={"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": os.environ["SECRET"]},
)
urlpatterns = [path("anymail/", include("anymail.urls"))]


@receiver(tracking)
def handle_bounce(sender, event, esp_name, **kwargs):
    """Note the event as its effect."""
    with open(os.environ["EFFECTS"], "a") as effects:
        effects.write(f"{event.event_id}\n")


if __name__ == "__main__":
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", f"127.0.0.1:{os.environ['PORT']}"])
