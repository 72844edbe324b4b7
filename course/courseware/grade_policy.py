"""What a course says about grades and certificates, as the hub is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from . import hub_settings, schedule
from .course import Certificate, Course
from .site import calendars


def policy(course: Course) -> hub_settings.Grading:
    """The course's `grading:` with all that a certificate needs, for `hub.json`."""
    rules = course.grading
    return hub_settings.Grading(
        counts=rules.counts,
        deadline=_deadline(course),
        certificate=_certificate(course, rules.certificate) if rules.certificate else None,
    )


def _deadline(course: Course) -> datetime | None:
    """The end of the deadline's minute: while clocks show 18:00, an attempt is in time."""
    written = course.grading.deadline
    if written is None or course.venue is None:
        return None
    place = schedule.zone(course.venue.zone)
    start = schedule.instant(written.date(), written.time(), place)
    return (start.astimezone(UTC) + timedelta(minutes=1)).astimezone(place)


def _certificate(course: Course, wanted: Certificate) -> hub_settings.Certificate:
    people = [course.person(name) for name in wanted.signed]
    return hub_settings.Certificate(
        share=wanted.share,
        language=course.language,
        heading=wanted.heading,
        phrase=wanted.phrase,
        title=course.title,
        subtitle=course.subtitle or "",
        event=course.event.name if course.event else "",
        dates=_dates([entry.start.date() for entry in schedule.resolve(course)]),
        place=calendars.where(course),
        text=wanted.text,
        signed=[
            hub_settings.Signer(name=each.name, affiliation=each.affiliation or "")
            for each in people
        ],
    )


def _dates(days: list[date]) -> str:
    """The first and the last day in British English: 20 July 2024, 28 to 30 March 2026."""
    if not days:
        return ""
    first, last = min(days), max(days)
    if first == last:
        return f"{last.day} {last:%B %Y}"
    begin = str(first.day)
    if (first.year, first.month) != (last.year, last.month):
        begin += f" {first:%B}"
    if first.year != last.year:
        begin += f" {first.year}"
    return f"{begin} to {last.day} {last:%B %Y}"
