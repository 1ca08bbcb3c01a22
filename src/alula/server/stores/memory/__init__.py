"""The store in memory: the whole contract, for tests, local runs and the simulator."""
