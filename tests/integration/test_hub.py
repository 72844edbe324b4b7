"""The hub as participants and organisers meet it, over restarts and mistakes."""

from __future__ import annotations

import json
import stat
import subprocess
from dataclasses import replace

import docker
import psutil
import pytest
import requests
from participant import Participant
from running_course import RunningCourse


def get(url: str) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    return session.get(url, timeout=30)


def test_the_site_is_served_at_the_root(running_course):
    page = get(running_course.address + "/")
    assert page.status_code == 200
    assert "From single-cell modeling to large-scale network dynamics" in page.text
    assert "Open my lab" in page.text
    assert get(running_course.address + "/nowhere").status_code == 404


def test_only_the_loopback_listens(running_course):
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    ours = [line.split()[3] for line in listening.splitlines()]
    gateway = running_course.settings["hub"]["ip"]
    for offset in range(4):
        port = running_course.port + offset
        hosts = {a.rsplit(":", 1)[0] for a in ours if a.endswith(f":{port}")}
        assert hosts == ({gateway} if offset == 3 else {"127.0.0.1"})


@pytest.mark.parametrize("passphrase", ["", "wrong", "correct horse battery staple"])
def test_a_wrong_passphrase_is_refused_in_plain_words(running_course, passphrase):
    answer = Participant(running_course.address, "cy", passphrase).log_in()
    assert answer.status_code == 403
    assert "passphrase" in answer.text.lower()


def test_nobody_outside_the_roster(running_course):
    assert Participant(running_course.address, "root", "x").log_in().status_code == 403


def test_a_name_of_any_letters_is_shown_right(running_course):
    ada = running_course.participant("ada").log_in().content.decode()
    assert "Ada &lt;&#39;&amp;&#34;&gt; Lovelace" in ada
    assert "<'&\">" not in ada
    bo = running_course.participant("bo.li-2").log_in().content.decode()
    assert "李博 بو" in bo


def test_no_passphrase_and_no_token_in_any_log(running_course):
    cy = running_course.participant("cy")
    cy.log_in().raise_for_status()
    logs = "".join(p.read_text(errors="replace") for p in (running_course.var / "log").glob("*"))
    assert cy.passphrase not in logs
    for path in (running_course.var / "hub" / "state").iterdir():
        if path.is_file() and path.stat().st_size < 1000:
            assert path.read_text(errors="replace").strip() not in logs


def test_secrets_are_for_their_owner_only(running_course):
    assert stat.S_IMODE((running_course.var / "hub").stat().st_mode) == 0o700
    assert stat.S_IMODE((running_course.var / "hub" / "state").stat().st_mode) == 0o700


def test_work_outlives_lab_and_hub_and_a_second_up_changes_nothing(running_course: RunningCourse):
    cy = running_course.in_lab("cy")
    edit = "import pathlib; p = pathlib.Path('/home/lab/tutorials/introduction.ipynb')\n"
    cy.run(edit + "p.write_text(p.read_text().replace('NEST', 'MY NEST'))")
    cy.run("open('/home/lab/mine.txt', 'w').write('kept')")
    before = running_course.settings, running_course.credentials()

    lab = docker.from_env().containers.list(
        filters={"label": [f"syllab.instance={running_course.instance}", "syllab.user=cy"]}
    )[0]
    running_course.up()
    assert (running_course.settings, running_course.credentials()) == before
    lab.reload()
    assert lab.status == "running"

    running_course.syllab("down")
    running_course.up()
    assert (running_course.settings, running_course.credentials()) == before
    again = running_course.in_lab("cy")
    assert again.contents("mine.txt").json()["content"] == "kept"
    assert "MY NEST" in again.run(edit + "print(p.read_text())")
    again.stop_lab()


def test_a_lab_survives_a_crash_of_the_hub(running_course: RunningCourse):
    cy = running_course.in_lab("cy")
    supervisor = psutil.Process(int((running_course.var / "hub" / "supervisord.pid").read_text()))
    (hub,) = (p for p in supervisor.children() if "jupyterhub" in p.cmdline())
    hub.kill()
    psutil.wait_procs([hub], timeout=30)
    assert cy.contents("").ok  # proxy and lab go on without it
    running_course.up()
    assert cy.run("print(6 * 7)").strip() == "42"
    cy.stop_lab()


def test_a_link_that_asks_for_another_image_starts_the_courses_lab(running_course: RunningCourse):
    cy = running_course.participant("cy")
    cy.log_in().raise_for_status()
    cy.http.get(f"{running_course.address}/hub/spawn?image=evil").raise_for_status()
    cy.await_lab()
    labels = [f"syllab.instance={running_course.instance}", "syllab.user=cy"]
    (lab,) = docker.from_env().containers.list(filters={"label": labels})
    assert lab.image.id == running_course.settings["image"]
    cy.stop_lab()
    cy.start_lab()  # nothing of the link is remembered
    cy.stop_lab()


def test_a_role_taken_away_is_gone_and_a_hub_that_was_ended_comes_back(
    running_course: RunningCourse, tmp_path
):
    demoted = tmp_path / "roster.csv"
    demoted.write_text(
        running_course.roster.read_text().replace("Olga,organiser", "Olga,participant")
    )
    users = f"{running_course.address}/hub/api/users"
    olga = running_course.participant("olga")
    olga.log_in().raise_for_status()
    assert len(olga.http.get(users).json()) > 1

    supervisor = psutil.Process(int((running_course.var / "hub" / "supervisord.pid").read_text()))
    for program in supervisor.children():
        program.terminate()
    try:
        replace(running_course, roster=demoted).up()
        olga.log_in().raise_for_status()
        assert olga.http.get(users).status_code == 403
    finally:
        running_course.up()


def test_damaged_settings_are_written_anew(running_course: RunningCourse):
    before = running_course.settings
    (running_course.var / "hub" / "hub.json").write_text("")
    assert "Written anew" in running_course.up()
    assert running_course.settings == before


def test_a_network_that_is_not_ours_is_refused(running_course: RunningCourse):
    engine = docker.from_env()
    labs = {"label": f"syllab.instance={running_course.instance}"}
    for lab in engine.containers.list(all=True, filters=labs):
        lab.remove(force=True)
    engine.networks.get(running_course.instance).remove()
    stranger = engine.networks.create(running_course.instance)
    try:
        options = ["--port", str(running_course.port), "--roster", str(running_course.roster)]
        done = running_course.syllab("up", *options)
        assert done.returncode == 1
        assert "not as Syllab made it" in done.stdout
    finally:
        stranger.remove()
        running_course.up()


def test_a_stopped_engine_is_said_plainly_and_up_mends_it(running_course: RunningCourse):
    note = running_course.var / "engine.json"
    if not note.exists():
        pytest.skip("the engine was running before the tests, so it isn't theirs to stop")
    engine = psutil.Process(json.loads(note.read_text())["pid"])
    engine.terminate()
    engine.wait(60)
    cy = running_course.participant("cy")
    cy.log_in().raise_for_status()
    page = cy.http.get(f"{running_course.address}/hub/spawn").text
    assert "The machine that runs the labs" in page
    assert "Traceback" not in page
    running_course.up()
    cy.start_lab()
    cy.stop_lab()
