"""JupyterHub's configuration. All of it comes from the file named by SYLLAB_HUB_JSON."""

import sys
from pathlib import Path

from courseware.errors import UserError
from labhub.configure import configure_all
from labhub.settings import from_environment

try:
    configure_all(get_config(), *from_environment(), Path(__file__).parent / "templates")  # noqa: F821
except UserError as error:
    sys.exit(str(error))  # one clear message instead of a traceback
