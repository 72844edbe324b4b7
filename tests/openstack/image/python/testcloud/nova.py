"""All of nova in one process: API, conductor, scheduler and compute, over messages in memory.

Each has a process of its own elsewhere; that costs a message broker and half a minute of imports.
"""

from nova.wsgi.osapi_compute import application  # first: it sets up how nova's threads work

# isort: split
import socket
import time
from contextlib import closing

import nova.conf
import os_vif
from nova.compute.rpcapi import RPC_TOPIC, RPC_TOPIC_ALT
from nova.context import get_admin_context
from nova.objects.host_mapping import discover_hosts
from nova.service import Service
from oslo_service import opts

__all__ = ["application"]


def _await_keystone():
    while True:
        with closing(socket.socket()) as connection:
            if connection.connect_ex(("127.0.0.1", 5000)) == 0:
                return
        time.sleep(0.1)


os_vif.initialize()
opts.register_service_opts(nova.conf.CONF)
_await_keystone()  # without it the compute service would look for placement a minute later
_services = [
    Service.create(binary="nova-conductor"),
    Service.create(binary="nova-scheduler"),
    Service.create(binary="nova-compute", topic=RPC_TOPIC, topic_alt=RPC_TOPIC_ALT),
]
for _service in _services:
    _service.start()
discover_hosts(get_admin_context())  # once, when the image is built: the scheduler takes longer
