"""Neutron's service plugin for floating addresses: a machine gets one as a further interface."""

from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins import directory
from neutron_lib.services.base import ServicePluginBase

from testcloud.machines import Machines


class FloatingAddresses(ServicePluginBase):
    """Follows what the router plugin says about floating addresses."""

    def __init__(self):
        self._machines = Machines()
        for event in (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE):
            registry.subscribe(self._follow, resources.FLOATING_IP, event)

    @classmethod
    def get_plugin_type(cls):
        return "TESTCLOUD_ADDRESSES"

    def get_plugin_description(self):
        return "Gives floating addresses to machines"

    def _follow(self, resource, event, trigger, payload):
        # One state is the address as it was made or deleted, two are those before and after.
        states = payload.states
        if event != events.AFTER_CREATE:
            self._machines.leave(states[0]["floating_ip_address"])
        if event != events.AFTER_DELETE and states[-1]["port_id"]:
            port = directory.get_plugin().get_port(
                payload.context.elevated(), states[-1]["port_id"]
            )
            self._machines.join(port["device_id"], states[-1]["floating_ip_address"])
