"""The command line behind `make`: syllab VERB."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import click
from courseware import course as courses
from courseware.errors import UserError
from docker.errors import DockerException
from rich.console import Console

from cloudlab import engine, grades, kernel, local, process_engine, system, website
from cloudlab.deploy.commands import COMMANDS
from cloudlab.progress import console
from cloudlab.workspace import REPOSITORY, Workspace

PORT = 8000


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--course", "folder", type=click.Path(path_type=Path), envvar="COURSE",
              default=REPOSITORY / "course" / "cns2024", show_default=True,
              help="The course folder.")  # fmt: skip
@click.option("--var", type=click.Path(path_type=Path), envvar="SYLLAB_VAR",
              default=REPOSITORY / "var", show_default=True,
              help="Where everything made is put.")  # fmt: skip
@click.option("--solutions", envvar="SOLUTIONS", default="", metavar="TUTORIAL[,TUTORIAL]",
              help="The tutorials whose solutions the website shows.")  # fmt: skip
@click.version_option(package_name="syllab")
@click.pass_context
def cli(context: click.Context, folder: Path, var: Path, solutions: str) -> None:
    """Turn one course description into everything a hands-on computational course needs."""
    named = tuple(name for name in re.split(r"[\s,]+", solutions) if name)
    context.obj = Workspace(course=folder.resolve(), var=var.resolve(), solutions=named)


@cli.command()
@click.option("--port", type=int, envvar="PORT", default=PORT, show_default=True,
              help="The port on 127.0.0.1; the next three are used too.")  # fmt: skip
@click.option("--roster", type=click.Path(path_type=Path), envvar="ROSTER",
              help="The roster  [default: the last one; first roster.csv].")  # fmt: skip
@click.option(
    "--gradebook",
    envvar="GRADEBOOK",
    metavar="URL",
    help="SQLAlchemy's address of its database  [default: the last one; first a file].",
)
@click.option("--engine", "engine_name", type=click.Choice(["docker", "process"]),
              envvar="ENGINE", default="docker", show_default=True,
              help="docker: a lab for each; process: one lab, no isolation.")  # fmt: skip
@click.pass_obj
def up(
    workspace: Workspace, port: int, roster: Path | None, gradebook: str | None, engine_name: str
) -> None:
    """Run the course on this machine."""
    course = courses.load(workspace.course)
    if engine_name == "process":
        process_engine.up(course, workspace, port)
    else:
        local.up(course, roster, workspace, port, gradebook)


@cli.command()
@click.pass_obj
def down(workspace: Workspace) -> None:
    """Stop hub and labs; homes are kept."""
    process_engine.down(workspace)
    local.down(workspace)


@cli.command()
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def clean(workspace: Workspace, yes: bool) -> None:
    """Remove all that was made on this machine, participants' homes included."""
    if any(path.exists() for path in (workspace.hub, workspace.releases, workspace.build)):
        system.become_root()  # root made them
    if not yes:
        click.confirm(
            f"This removes every participant's home and what was made in {workspace.var}. Go on?",
            abort=True,
        )
    process_engine.down(workspace)
    local.clean(workspace)


@cli.command()
@click.pass_obj
def release(workspace: Workspace) -> None:
    """Freeze the course into var/releases/."""
    course = courses.load(workspace.course)
    system.become_root()
    local.make_release(course, workspace, engine.ensure(workspace))


@cli.command()
@click.pass_obj
def notebooks(workspace: Workspace) -> None:
    """Make notebooks and checks in var/notebooks/; run the solutions, grade right and wrong."""
    course = courses.load(workspace.course)
    system.become_root()
    local.show_exercises(course, workspace, engine.ensure(workspace))


@cli.command()
@click.pass_obj
def site(workspace: Workspace) -> None:
    """Make the static website in var/site/."""
    website.build(courses.load(workspace.course), workspace)


@cli.command("kernel")
@click.pass_obj
def write_kernel(workspace: Workspace) -> None:
    """Write what another JupyterHub needs to offer the course's kernel to var/kernel/."""
    course = courses.load(workspace.course)
    shutil.rmtree(workspace.kernel, ignore_errors=True)
    kernel.write(course, workspace.kernel)
    console.print(f"{workspace.kernel}: begin with its README.md")


@cli.command("grades")
@click.pass_obj
def write_grades(workspace: Workspace) -> None:
    """Write everybody's grades, and the certificates if there are any, to var/grades/."""
    grades.export(workspace)


@cli.command()
@click.pass_obj
def regrade(workspace: Workspace) -> None:
    """Have graded again what other checks or another image graded."""
    grades.regrade(workspace)


@cli.command()
@click.pass_obj
def schema(workspace: Workspace) -> None:
    """Write the JSON Schema of course.yml, for editors, to var/course.schema.json."""
    workspace.var.mkdir(parents=True, exist_ok=True)
    workspace.schema.write_text(json.dumps(courses.json_schema(), indent=1) + "\n")
    console.print(str(workspace.schema))


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line; an organiser's mistake ends with its text and exit code 1."""
    # A plain `su` leaves out the folders in which the firewall's and the engine's programs are.
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    try:
        cli()
    except (UserError, DockerException, OSError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
