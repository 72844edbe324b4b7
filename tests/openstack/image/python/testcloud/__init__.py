"""What makes OpenStack's machines and addresses real here: containers and the engine's networks."""
