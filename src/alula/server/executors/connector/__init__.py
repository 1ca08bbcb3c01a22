"""The connector executor: each attempt is a job of a connector, Flyte's contract for services outside of a cluster."""
