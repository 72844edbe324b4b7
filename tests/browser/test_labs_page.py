"""The organisers' page of labs, in Chromium: pages of labs are at the same address."""

from __future__ import annotations

from lab_page import log_in
from playwright.sync_api import Page, expect
from running_course import RunningCourse

# What a page can try to get at the number of the form, in its three ways.
BY_FETCH = "fetch('/hub/labs').then(answer => answer.status)"
BY_FRAME = """() => new Promise(done => {
  const frame = document.createElement('iframe');
  frame.onload = () => done(frame.contentDocument?.querySelector('input[name=number]') ?? null);
  frame.src = '/hub/labs';
  document.body.append(frame);
})"""
BY_WINDOW = "() => { window.opened = window.open('/hub/labs'); }"
READ = """() => {
  try { return window.opened.document.querySelector('input[name=number]')?.value ?? 'none'; }
  catch { return 'refused'; }
}"""


def test_another_page_of_the_same_address_can_not_read_it(
    page: Page, running_course: RunningCourse
):
    log_in(page, running_course, "olga")
    page.goto(f"{running_course.address}/hub/home")
    page.locator("#labs").click()
    expect(page.locator("input[name=number]")).to_have_count(1)
    page.goto(f"{running_course.address}/hub/home")
    assert page.evaluate(BY_FETCH) == 403
    assert page.evaluate(BY_FRAME) is None
    with page.context.expect_page() as opened:
        page.evaluate(BY_WINDOW)
    expect(opened.value.locator("input[name=number]")).to_have_count(1)
    assert page.evaluate(READ) == "refused"
