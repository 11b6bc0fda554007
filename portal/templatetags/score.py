"""Template filters of Secure Score's numbers."""

from __future__ import annotations

from django import template

from portal.score import numbers

register = template.Library()
register.filter("points", numbers.points)
register.filter("signed", numbers.signed)
register.filter("minus", numbers.minus)
register.filter("svg", numbers.svg)
