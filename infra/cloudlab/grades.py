"""What organisers get from the gradebook, and the wish to have it graded again."""

from __future__ import annotations

from pathlib import Path

from courseware.errors import UserError

from cloudlab import system
from cloudlab.progress import console, run, step
from cloudlab.workspace import Workspace, environment


def export(workspace: Workspace) -> None:
    """Write var/grades/ and say what is in it. Raises UserError."""
    _need_hub(workspace)
    told = _labhub("export", "Grades", workspace, workspace.grades)
    system.hand_over(workspace.grades)
    console.print(f"{told}\n{workspace.grades / 'grades.csv'}", markup=False)


def regrade(workspace: Workspace) -> None:
    """Have graded again what is outdated, and say how much that is. Raises UserError."""
    _need_hub(workspace)
    console.print(_labhub("regrade", "Outdated results", workspace), markup=False)


def _need_hub(workspace: Workspace) -> None:
    """Continue as root, to whom the hub's files belong. Raises UserError if there is no hub."""
    python = environment("hub") / "bin" / "python"
    if workspace.hub.exists() and python.exists():
        system.become_root()
        if workspace.settings.exists():
            return
    raise UserError(
        f"There is no hub in {workspace.var} yet, so there are no grades.\n"
        "-> run make up first (ENGINE=process has no grades)"
    )


def _labhub(module: str, title: str, workspace: Workspace, *arguments: Path) -> str:
    """Run a module of the grader in the hub's environment; what it prints."""
    system.private_folder(workspace.log)
    log = workspace.log / f"{module}.log"
    python = environment("hub") / "bin" / "python"
    command: list[str | Path] = [python, "-m", f"labhub.grader.{module}", workspace.settings]
    with step(title) as current:
        # In a folder of root's own: Python looks for modules in the one it is started in.
        run(
            [*command, *arguments],
            log=log,
            current=current,
            remedy="mend what it says and run the command again",
            cwd=workspace.hub,
        )
    return log.read_text(encoding="utf-8").rstrip()
