"""The copilot of raw containers: in a pod it brings the inputs as files before the container begins, and takes the
outputs away when it has ended. It runs in containers of its own, of an image with `alula` in it."""
