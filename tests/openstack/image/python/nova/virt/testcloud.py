"""Nova's driver: a server is a test machine. Nova looks for drivers in this folder alone."""

import base64
import json

from nova import exception
from nova.virt import fake
from testcloud.machines import Machines

SEED = "var/lib/cloud/seed/nocloud"
# What a cloud's image says; one kind of host key, since the others take seconds.
CLOUD_INIT = b"datasource_list: [NoCloud]\nssh_genkeytypes: [ed25519]\nlocale: false\n"


class MachineDriver(fake.FakeDriverWithoutFakeNodes):
    """Starts and removes machines; what isn't overridden only keeps nova's books."""

    def __init__(self, virtapi, read_only=False):
        super().__init__(virtapi, read_only)
        self._machines = Machines()

    def spawn(self, context, instance, image_meta, injected_files, admin_password, allocations,
              network_info=None, **more):  # fmt: skip
        """Start the server's machine; a flavour with the extra spec `broken` never starts."""
        why = instance.flavor.extra_specs.get("broken")
        if why:
            raise exception.BuildAbortException(instance_uuid=instance.uuid, reason=why)
        self._machines.start(
            instance.uuid,
            instance.hostname,
            instance.flavor.memory_mb,
            _files(instance),
            _interface(network_info[0]),
        )
        for address in network_info[0].floating_ips():
            self._machines.join(instance.uuid, address["address"])
        super().spawn(context, instance, image_meta, injected_files, admin_password, allocations,
                      network_info, **more)  # fmt: skip

    def destroy(self, context, instance, network_info, *more, **options):
        """Remove the server's machine."""
        self._machines.remove(instance.uuid)
        super().destroy(context, instance, network_info, *more, **options)

    def get_console_output(self, context, instance):
        """What the machine wrote to its console."""
        return self._machines.console(instance.uuid)


def _files(instance):
    keys = [instance.key_data] if instance.key_data else []
    data = {
        "instance-id": instance.uuid,
        "local-hostname": instance.hostname,
        "public-keys": keys,
    }
    return {
        f"{SEED}/meta-data": json.dumps(data).encode(),
        f"{SEED}/user-data": base64.b64decode(instance.user_data or ""),
        "etc/cloud/cloud.cfg.d/99-testcloud.cfg": CLOUD_INIT,
    }


def _interface(vif):
    subnet = vif["network"]["subnets"][0]
    return {
        "network": vif["network"]["id"],
        "cidr": subnet["cidr"],
        "gateway": subnet["gateway"]["address"],
        "mtu": vif["network"].get_meta("mtu"),
        "address": subnet["ips"][0]["address"],
        "mac": vif["address"],
    }
