"""The settings of the platform: their sections (`schema`), their sources (`sources`), and the result of both
(`loading`, `showing`)."""
