"""The course's kernel in a computing centre: no root, no containers, software in odd places."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import nbformat
import pytest
from cloudlab import engine, kernel
from cloudlab.build_secrets import PROXY_VARIABLES, build_secrets, ca_bundle, pip_settings
from cloudlab.digest import inputs_sha256
from cloudlab.images import Builder
from cloudlab.workspace import Workspace
from courseware import course as courses
from courseware import notebooks
from docker.models.containers import Container
from nbformat import NotebookNode
from running_course import RunningCourse
from sites import NIGHT

COURSE = courses.load(RunningCourse.course)
CENTRE = "syllab/test-centre"
SOMEBODY, ANOTHER = 70123, 70124
PROJECT = "/project/cns2024"
PROBE = [
    "import os, sys; print(sys.prefix, os.environ['OMP_NUM_THREADS'], sep='\\n')",
    "from courseware.lab.check import progress; progress()",
]

# The lab's image is the centre's own Jupyter. GSL is where nothing finds it by itself, as with
# environment modules.
DOCKERFILE = """
FROM {lab}
USER root
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\
    --mount=type=secret,id=apt --mount=type=secret,id=ca,mode=0444 \\
    apt-install python3-venv g++ make libgsl-dev libboost-dev libltdl-dev
RUN mkdir -p /opt/gsl/include /opt/gsl/lib && mv /usr/include/gsl /opt/gsl/include \\
    && mv /usr/lib/*/libgsl* /opt/gsl/lib && /sbin/ldconfig \\
    && mkdir /project && chown {user} /project
"""
MODULES = {
    "CPATH": "/opt/gsl/include",
    "LIBRARY_PATH": "/opt/gsl/lib",
    "LD_LIBRARY_PATH": "/opt/gsl/lib",
}


class Centre:
    """A machine of the centre, and its users."""

    def __init__(self, container: Container) -> None:
        self.container = container

    def run(self, *command: str, user: int = SOMEBODY, **variables: str) -> tuple[int, str]:
        """A program's exit code and what it said."""
        variables = {"HOME": f"/tmp/{user}"} | variables
        done = self.container.exec_run(list(command), user=f"{user}:{user}", environment=variables)
        return done.exit_code, done.output.decode()

    def install(self, folder: str, **more: Any) -> tuple[int, str]:
        return self.run("sh", "/handed-out/kernel/install.sh", folder, **more)

    def execute(self, notebook: str) -> NotebookNode:
        """A notebook after the centre's Jupyter has run it with the course's kernel."""
        options = f"--to notebook --execute --ExecutePreprocessor.kernel_name={COURSE.id}"
        command = f"jupyter nbconvert {options} --output-dir /tmp/done /handed-out/{notebook}"
        code, said = self.run("sh", "-c", command)
        assert code == 0, said
        code, content = self.run("cat", f"/tmp/done/{Path(notebook).name}")
        return nbformat.reads(content, as_version=4)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("image")
    workspace = Workspace(NIGHT, folder)
    client = engine.ensure(workspace)
    night = courses.load(NIGHT)
    notebooks.build(night, workspace.notebooks)
    lab = Builder(workspace, client).ensure(night, workspace.notebooks)
    with build_secrets() as secrets:
        subprocess.run(
            [engine.build_client(), "build", "--quiet", "--tag", CENTRE, *secrets, "-"],
            input=DOCKERFILE.format(lab=lab.tags[0], user=SOMEBODY),
            text=True, check=True, env=os.environ | {"DOCKER_BUILDKIT": "1"},
        )  # fmt: skip
    yield CENTRE
    client.images.remove(CENTRE)
    client.images.remove(lab.tags[0])


def attempt(made: Path) -> NotebookNode:
    """The introduction as participants get it, with one exercise solved, and PROBE at its end."""
    notebook = nbformat.read(made / "student" / "introduction.ipynb", as_version=4)
    solution = nbformat.read(made / "solution" / "introduction.ipynb", as_version=4)
    (solved,) = (cell for cell in solution.cells if cell.id == "rheobase-exercise")
    cells = [solved if cell.id == solved.id else cell for cell in notebook.cells]
    notebook.cells = cells + [nbformat.v4.new_code_cell(source) for source in PROBE]
    return notebook


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the centre's users have: the kernel's folder, the notebooks, and how pip gets there."""
    folder = tmp_path_factory.mktemp("handed-out")
    kernel.write(COURSE, folder / "kernel")
    notebooks.build(COURSE, folder)
    nbformat.write(attempt(folder), folder / "attempt.ipynb")
    (folder / "pip.conf").write_text(pip_settings())
    shutil.copy(ca_bundle(), folder / "ca")
    shutil.chown(folder / "pip.conf", SOMEBODY)
    (folder / "pip.conf").chmod(0o400)
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def centre(image: str, handed_out: Path) -> Iterator[Centre]:
    """Where the course's kernel is installed, with modules loaded that are gone afterwards."""
    settings = {"PIP_CERT": "/handed-out/ca", "PIP_CONFIG_FILE": "/handed-out/pip.conf"}
    proxies = {name: os.environ[name] for name in PROXY_VARIABLES if name in os.environ}
    container = docker.from_env().containers.run(
        image,
        ["sleep", "infinity"],
        detach=True,
        init=True,
        user=str(SOMEBODY),
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        volumes={str(handed_out): {"bind": "/handed-out", "mode": "ro"}},
        environment=settings | proxies | {"PIP_NO_CACHE_DIR": "1"},
    )
    try:
        centre = Centre(container)
        code, said = centre.install(PROJECT, **MODULES)
        assert code == 0, said
        assert "can't compile" not in said
        yield centre
    finally:
        container.remove(force=True, v=True)


def text(notebook: NotebookNode) -> str:
    """All that a notebook printed and displayed as text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs)


def scores(notebook: NotebookNode) -> list[tuple[int, int]]:
    """What each visible check said: so many passed, of so many."""
    found = re.findall(r"(\d+) of (\d+) checks passed", text(notebook))
    return [(int(passed), int(of)) for passed, of in found]


@pytest.fixture(scope="module")
def done(centre: Centre) -> NotebookNode:
    """The attempt after it was run."""
    return centre.execute("attempt.ipynb")


def test_what_participants_get_runs_and_its_visible_checks_work(done):
    solved, *unsolved = scores(done)
    assert solved == (2, 2)
    assert unsolved
    assert all(passed < of for passed, of in unsolved)


def test_a_model_is_compiled_with_the_centres_compiler_and_libraries(done):
    assert "Built target tiringmodule" in text(done)
    assert "first 11.4 ms, last 25.0 ms" in text(done)  # what the neuron written in NESTML does


def test_it_is_the_courses_python_and_official_results_are_given_elsewhere(done):
    where, official = (text(NotebookNode(cells=[cell])) for cell in done.cells[-2:])
    prefix, threads = where.split()
    assert prefix.startswith(f"{PROJECT}/environment-")
    assert threads == "1"
    assert "There is no grader here" in official


def test_installing_again_changes_nothing(centre):
    files = ["find", PROJECT, "-printf", "%p %T@\n"]
    before = centre.run(*files)
    code, said = centre.install(PROJECT)
    assert code == 0
    assert "already" in said
    assert centre.run(*files) == before


def test_somebody_else_uses_what_is_there_and_cannot_change_it(centre):
    code, said = centre.install(PROJECT, user=ANOTHER)
    assert code == 0, said
    assert "already" in said
    code, found = centre.run("jupyter", "kernelspec", "list", "--json", user=ANOTHER)
    spec = json.loads(found)["kernelspecs"][COURSE.id]["spec"]
    assert spec["display_name"] == COURSE.title
    assert spec["argv"][0].startswith(f"{PROJECT}/environment-")
    assert spec["env"]["LD_LIBRARY_PATH"] == MODULES["LD_LIBRARY_PATH"]  # which ANOTHER never set
    assert centre.run("test", "-w", PROJECT, user=ANOTHER)[0] == 1


def test_where_models_can_not_be_compiled_that_is_told_with_the_reason(centre):
    _, found = centre.run("sh", "-c", f"echo {PROJECT}/environment-*/bin")
    path = f"{found.strip()}:/usr/bin:/bin"
    code, said = centre.run("sh", "/handed-out/kernel/recipe/kernel.sh", "install", PATH=path)
    assert code == 0  # all else works
    assert "NESTML can't compile models here" in said
    assert "gsl/gsl_errno.h" in said  # its module isn't loaded


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ({"PIP_NO_INDEX": "1"}, "is the index reachable"),
        ({"PYTHON": "/bin/false"}, "no Python 3.11"),
    ],
    ids=["no index", "no Python"],
)
def test_what_can_not_be_installed_leaves_nothing_behind(centre, trouble, told):
    code, said = centre.install("/tmp/elsewhere", **trouble)
    assert code == 1
    assert told in said
    assert centre.run("test", "-e", "/tmp/elsewhere")[0] == 1


def test_a_course_without_a_simulator_needs_no_more_than_a_kernel(tmp_path):
    night = courses.load(NIGHT)
    for name in ("one", "two"):
        kernel.write(night, tmp_path / name)
    lock = (tmp_path / "one" / "requirements.txt").read_text()
    names = set(re.findall(r"^([\w-]+)==", lock, re.MULTILINE))
    assert {"ipykernel", "ipython", "pyzmq"} <= names
    assert not {"jupyterlab", "jupyterhub", "nest-simulator"} & names
    assert not (tmp_path / "one" / "recipe").exists()
    assert inputs_sha256([tmp_path / "one"]) == inputs_sha256([tmp_path / "two"])


def test_solutions_and_official_checks_are_not_in_it(handed_out):
    files = [path for path in (handed_out / "kernel").rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".ipynb" or "test_" in path.name]
