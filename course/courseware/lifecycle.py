"""When a course's labs are needed, as the hub is told."""

from __future__ import annotations

from . import hub_settings, schedule
from .course import Course


def lifecycle(course: Course) -> hub_settings.Lifecycle:
    """The course's sessions with a tutorial and its rules for labs, for `hub.json`."""
    return hub_settings.Lifecycle(
        sessions=[
            hub_settings.CourseSession(
                title=entry.session.title, start=entry.start_utc, end=entry.end_utc
            )
            for entry in schedule.resolve(course)
            if entry.session.tutorial
        ],
        warm_seconds=course.lab.warm * 60,
        idle_seconds=course.lab.idle * 60,
    )
