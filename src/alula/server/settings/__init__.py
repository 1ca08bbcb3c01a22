"""The settings of the platform: what there is to set (`schema`), where it comes from (`sources`), what came of it
(`loading`, `showing`)."""
